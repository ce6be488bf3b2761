import { checkParameters, connectAuthorizationUrl } from '../../connectors/flow.ts';
import type { GatedContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import { formatBrowserProof, parseBrowserProof } from '../auth/magic-link.ts';
import { readRedirect } from '../auth/request-magic-link.ts';
import { redirectUriOf } from '../auth/social/providers.ts';
import { makerOf } from '../idempotency.ts';
import { findConnectable } from './connectors.ts';
import type { ConnectInput } from './views.ts';

/** How long a redirect to a provider may take; `gatehouse.begin_connect` says the same. */
const STATE_SECONDS = 600;

interface Begun {
  readonly outcome: 'begun' | ErrorCode;
  readonly request: { readonly scopes: readonly string[]; readonly parameters: Readonly<Record<string, string>> };
  readonly email: string | null;
}

/**
 * Where to send the browser to connect an account to the subject, bound to this person and this browser. One trip.
 * @throws provider.unknown, input.invalid (parameters), redirect.refused, connection.not_found
 */
export async function startConnect(ctx: GatedContext, input: ConnectInput): Promise<{ authorizationUrl: string }> {
  await ctx.limit('social.start');
  const { connector, client } = findConnectable(ctx, input.connector);
  const parameters = input.connectionId ? {} : checkParameters(connector, input.parameters ?? {});
  const redirectUrl = readRedirect(ctx, input.redirectUrl);
  const maker = makerOf(ctx, (await ctx.credential?.hash()) ?? '', 'oauth.connect');
  const state = await maker.secret('state');
  const id = await maker.id('state.id');
  const browser = parseBrowserProof(ctx.cookies.read('sign_in')) ?? {
    linkId: id,
    secret: await maker.secret('browser'),
  };
  const begun = await store(ctx, {
    id,
    stateHash: await sha256Hex(state),
    connector: connector.name,
    browserHash: await sha256Hex(browser.secret),
    redirectUrl,
    request: {
      scopes: [...new Set([...(client.scopes ?? []), ...(input.scopes ?? [])])],
      parameters,
      connectionId: input.connectionId ?? null,
    },
  });
  const authorizationUrl = await connectAuthorizationUrl(connector, client, {
    state,
    browserSecret: browser.secret,
    redirectUri: redirectUriOf(ctx, connector.name),
    loginHint: begun.email ?? undefined,
    ...begun.request,
  });
  ctx.cookies.set('sign_in', formatBrowserProof(browser), STATE_SECONDS);
  return { authorizationUrl };
}

async function store(ctx: GatedContext, row: Readonly<Record<string, unknown>>): Promise<Begun> {
  const [rows] = await ctx.gate(() => [
    plain('select gatehouse.begin_connect($1::jsonb) as begun', [JSON.stringify(row)]),
  ]);
  const begun = firstValue<Begun>(rows, 'begun');
  if (begun.outcome !== 'begun') throw new AppError(begun.outcome);
  return begun;
}
