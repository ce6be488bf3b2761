import type { Context as HonoContext } from 'hono';
import type { Context, Location } from '../context.ts';
import { connect } from '../db/client.ts';
import { memberGate, systemGate } from '../db/gate.ts';
import { readSettings, type Env } from '../env.ts';
import { AppError } from '../errors.ts';
import { type Credential, parseCredential, parseSession } from '../lib/credentials.ts';
import { newId } from '../lib/ids.ts';
import { clientAddress, networkKey } from '../lib/network.ts';
import { describeDevice } from '../lib/user-agent.ts';
import { createMailer } from '../mail/create-mailer.ts';
import { unkeyed } from '../operation.ts';
import { enforce } from '../rate-limits.ts';
import { openCookies } from './cookies.ts';
import { logLine } from './log.ts';

/** The context of a request, plus what the HTTP layer needs of it. */
export type RequestContext = Context & {
  readonly networkKey: string;
  /** Whether the credential came as a cookie, which browsers send by themselves. */
  readonly usesCookie: boolean;
  readonly setCookies: readonly string[];
  /** Durable Objects asked by this request, for the log and the budget. */
  hops(): number;
};

/** What Hono carries through a request. */
export type AppEnv = { Bindings: Env; Variables: { ctx: RequestContext } };

/**
 * Request to context. Only looks: a missing credential is refused by the procedure that needs one.
 * @throws SettingError when the Worker is not set up; AppError `credential.malformed`
 */
export function openContext(c: HonoContext<AppEnv>): RequestContext {
  const settings = readSettings(c.env);
  const { headers } = c.req.raw;
  const requestId = newId();
  const address = clientAddress(headers);
  const cookies = openCookies(headers.get('cookie'), settings.publicUrl.startsWith('https:'));
  const bearer = headers.get('authorization');
  const cookie = bearer === null ? cookies.read('session') : null;
  const service = connect(settings.serviceDatabaseUrl, settings.neonSqlEndpoint);
  const network = networkKey(address);
  let hops = 0;
  return {
    settings,
    bindings: c.env,
    facts: {
      requestId,
      address,
      device: () => describeDevice(headers.get('user-agent')),
      location: () => locationOf(c.req.raw),
      idempotency: { key: headers.get('idempotency-key'), caller: headers.get('idempotency-caller') },
    },
    // A cookie that was cut or forged signs nobody in, and a token in its place neither.
    credential: bearer === null ? parseSession(cookie) : readBearer(bearer),
    usesCookie: cookie !== null,
    networkKey: network,
    cookies,
    setCookies: cookies.setCookies,
    hops: () => hops,
    mailer: () =>
      createMailer({
        environment: settings.environment,
        sender: { email: settings.mailFrom, name: settings.productName },
        email: c.env.EMAIL,
        resendApiKey: settings.resendApiKey,
        mailbox: c.env.DEVELOPMENT_MAILBOX,
      }),
    later: (work) => {
      const settled = work.catch((error: unknown) =>
        logLine({ event: 'later.failed', level: 'error', requestId, detail: error instanceof Error ? error.name : '' }),
      );
      c.executionCtx.waitUntil(settled);
    },
    log: (event) => logLine({ ...event, requestId }),
    memberGate: (credential, requirement) => {
      // Platform work runs as gatehouse_admin, of which only the service login is a member.
      const member = connect(settings.databaseUrl, settings.neonSqlEndpoint);
      return memberGate(requirement.subject === 'platform' ? service : member, credential, requirement);
    },
    systemGate: systemGate(service),
    operation: unkeyed,
    limit: async (policy, account, operation) => {
      const outcome = await enforce(c.env.RATE_LIMITER, policy, { network, account, operation });
      hops += outcome.hops;
      if (!outcome.allowed) throw tooMany(outcome.retryAfterSeconds, outcome.resetAt);
      return outcome;
    },
  };
}

/** The refusal of a rate limit: says when. */
export function tooMany(retryAfter: number, resetAt?: string): AppError {
  const when = resetAt ? ` at ${resetAt}` : '';
  return new AppError('rate_limit.exceeded', {
    message: `Too many attempts. Try again in ${retryAfter} seconds${when}.`,
    retryAfter,
  });
}

/**
 * The credential of an `Authorization: Bearer …` header (RFC 6750 §2.1); the scheme's case does not matter. A malformed
 * one is a mistake worth naming.
 */
function readBearer(header: string): Credential {
  const credential = parseCredential(/^bearer +(\S+)$/i.exec(header)?.[1] ?? '');
  if (!credential) throw new AppError('credential.malformed');
  return credential;
}

/** Cloudflare's own look-up of the address (`request.cf`), within the columns' widths. */
function locationOf(request: Request): Location {
  const cf = (request as Request<unknown, IncomingRequestCfProperties>).cf;
  const coordinate = (text: string | undefined) =>
    text !== undefined && Number.isFinite(Number(text)) ? Number(text) : null;
  return {
    city: cf?.city?.slice(0, 100) ?? null,
    country: cf?.country?.slice(0, 100) ?? null,
    latitude: coordinate(cf?.latitude),
    longitude: coordinate(cf?.longitude),
  };
}
