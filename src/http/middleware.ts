import type { Context as HonoContext, MiddlewareHandler } from 'hono';
import { bodyLimit as limitBody } from 'hono/body-limit';
import { cors as allowOrigins } from 'hono/cors';
import { secureHeaders } from 'hono/secure-headers';
import { readSettings } from '../env.ts';
import { AppError } from '../errors.ts';
import { checkOrdinary } from '../rate-limits.ts';
import { logLine } from './log.ts';
import { type AppEnv, tooMany } from './open-context.ts';

/** Nothing is framed, sniffed or cached by default; pages add their own content policy. */
export const securityHeaders: MiddlewareHandler<AppEnv> = async (c, next) => {
  await harden(c, next);
  // Replies are for one caller (CVE-2026-44457: a shared cache gave one's reply to another).
  if (!c.res.headers.has('cache-control')) c.res.headers.set('cache-control', 'no-store');
};

const harden = secureHeaders({
  overwrite: false,
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    frameAncestors: ["'none'"],
    baseUri: ["'none'"],
    formAction: ["'self'"],
  },
  crossOriginResourcePolicy: 'same-site',
  referrerPolicy: 'no-referrer',
  strictTransportSecurity: 'max-age=63072000; includeSubDomains',
  xFrameOptions: 'DENY',
});

const KIB = 1024;

/** Counts what is streamed without a length as well. */
const limitTo = (maxSize: number, name: string): MiddlewareHandler<AppEnv> =>
  limitBody({
    maxSize,
    onError: () => {
      throw new AppError('body.too_large', { message: `The request body is larger than ${name}.` });
    },
  });

const ordinaryLimit = limitTo(256 * KIB, '256 KiB');
/** A thousand links with their tokens. */
const bulkLimit = limitTo(2048 * KIB, '2 MiB');
const isBulk = (path: string) => /^\/(trpc\/integrations\.bulkLink|v1\/users\/[^/]+\/integrations\/bulk)$/.test(path);

/** 256 KiB, and more for what takes a long list. */
export const bodyLimit: MiddlewareHandler<AppEnv> = (c, next) =>
  isBulk(c.req.path) ? bulkLimit(c, next) : ordinaryLimit(c, next);

/**
 * In development, requests are for PUBLIC_URL's host or another name of this machine. Any page can have a name of its own
 * point to 127.0.0.1 (DNS rebinding), and would read mails and their links here as its own origin; but its name stands
 * in Host. The port does not matter: a page cannot choose another than the one it connects to, and a forwarded one is
 * fine. A deployment is asked by its own hosts alone, as its routes say.
 */
export const hostCheck: MiddlewareHandler<AppEnv> = async (c, next) => {
  const { environment, publicUrl } = readSettings(c.env);
  if (environment === 'development') {
    const known = [new URL(publicUrl).hostname, 'localhost', '127.0.0.1', '[::1]'];
    const asked = [new URL(c.req.url).host, c.req.header('host') ?? ''].filter(Boolean).map(hostnameOf);
    if (!asked.every((name) => known.includes(name))) {
      logLine({ event: 'host.refused', level: 'warn' });
      throw new AppError('host.untrusted', { message: `This development server is at ${publicUrl}. Ask it there.` });
    }
  }
  await next();
};

const hostnameOf = (host: string) => (URL.canParse(`http://${host}`) ? new URL(`http://${host}`).hostname : '');

/** Browsers of trusted origins may call with cookies; no other origin reads an answer. */
export const cors: MiddlewareHandler<AppEnv> = (c, next) => {
  // Nothing to say to a caller that is no page. What may be kept at all says `Vary` itself (rest/entity-tag.ts).
  if (c.req.raw.headers.get('origin') === null) return next();
  const { publicUrl, trustedOrigins } = c.get('ctx').settings;
  return allowOrigins({
    origin: (origin) => (origin === publicUrl || trustedOrigins.includes(origin) ? origin : null),
    credentials: true,
    allowHeaders: ['authorization', 'content-type', 'idempotency-key', 'idempotency-caller', 'if-none-match'],
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposeHeaders: ['etag', 'retry-after', 'x-request-id'],
    maxAge: 600,
  })(c, next);
};

/**
 * A browser says where a change comes from. Without a bearer (which no foreign page can add) it must be one of ours:
 * against requests forged with the cookie, and against signing somebody in to a foreign account.
 */
export const originCheck: MiddlewareHandler<AppEnv> = async (c, next) => {
  const ctx = c.get('ctx');
  const isSafe = c.req.method === 'GET' || c.req.method === 'HEAD' || c.req.method === 'OPTIONS' || isProviderPost(c);
  const origin = c.req.header('origin');
  const isBearer = ctx.credential !== null && !ctx.usesCookie;
  if (!isSafe && !isBearer) {
    const { publicUrl, trustedOrigins } = ctx.settings;
    const isTrusted = origin === publicUrl || (origin !== undefined && trustedOrigins.includes(origin));
    // A cookie without an Origin comes from no browser of today; programs send a bearer.
    if (origin === undefined ? ctx.usesCookie : !isTrusted) throw new AppError('origin.untrusted');
  }
  await next();
};

/** A provider's form (Apple's `form_post`) only gets itself back, to be posted by a page of ours. */
function isProviderPost(c: HonoContext<AppEnv>): boolean {
  return c.req.method === 'POST' && /^\/oauth\/callback\/[a-z]+$/.test(c.req.path) && !c.get('ctx').usesCookie;
}

/** The period of both bindings in wrangler.toml. */
const PERIOD_SECONDS = 60;

/** Every call counts at the edge: for its network with a high limit, then for its credential. */
export const ordinaryRateLimit: MiddlewareHandler<AppEnv> = async (c, next) => {
  const ctx = c.get('ctx');
  const byNetwork = await checkOrdinary(c.env.CALLS_BY_NETWORK, ctx.networkKey, PERIOD_SECONDS);
  if (!byNetwork.allowed) throw tooMany(byNetwork.retryAfterSeconds);
  if (ctx.credential) {
    const byCredential = await checkOrdinary(c.env.CALLS_BY_CREDENTIAL, await ctx.credential.hash(), PERIOD_SECONDS);
    if (!byCredential.allowed) throw tooMany(byCredential.retryAfterSeconds);
  }
  await next();
};
