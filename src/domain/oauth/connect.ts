import { checkParameters, connectAuthorizationUrl } from '../../connectors/flow.ts';
import { connectableNames } from '../../connectors/index.ts';
import type { GatedContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import type { Settings } from '../../env.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { readRedirect } from '../auth/request-magic-link.ts';
import { redirectUriOf } from '../auth/social/providers.ts';
import { newRedirect } from '../auth/social/redirect.ts';
import { findConnectable } from './connectors.ts';
import type { ConnectInput } from './views.ts';

interface Begun {
  readonly outcome: 'begun' | ErrorCode;
  readonly connector: string;
  readonly request: { readonly scopes: readonly string[]; readonly parameters: Readonly<Record<string, string>> };
  readonly email: string | null;
}

/**
 * Where to send the browser to connect an account to the subject, bound to this person and this browser. A service gives
 * the connector, and its scopes. One trip.
 * @throws provider.unknown, service.not_found, service.inactive, input.invalid (parameters; neither connector nor
 *   service; a service of another connector, or for an organisation), redirect.refused, connection.not_found
 */
export async function startConnect(ctx: GatedContext, input: ConnectInput): Promise<{ authorizationUrl: string }> {
  await ctx.limit('social.start');
  const { connector: name, service } = input;
  if (name === undefined && service === undefined) throw new AppError('input.invalid');
  const named = name === undefined ? null : findConnectable(ctx, name).connector;
  const parameters = input.connectionId
    ? {}
    : named
      ? checkParameters(named, input.parameters ?? {})
      : input.parameters;
  const redirectUrl = readRedirect(ctx, input.redirectUrl);
  const redirect = await newRedirect(ctx, name ?? '');
  const begun = await store(ctx, {
    ...redirect.row,
    connector: name ?? null,
    connectors: neededBy(ctx.settings),
    redirectUrl,
    request: {
      scopes: input.scopes ?? [],
      parameters: parameters ?? {},
      connectionId: input.connectionId ?? null,
      service: service ?? null,
    },
  });
  const { connector, client } = findConnectable(ctx, begun.connector);
  const authorizationUrl = await connectAuthorizationUrl(connector, client, {
    ...redirect.request,
    redirectUri: redirectUriOf(ctx, connector.name),
    loginHint: begun.email ?? undefined,
    ...begun.request,
  });
  redirect.bind();
  return { authorizationUrl };
}

/** What can be connected here, with the scopes that the deployment needs of each. */
function neededBy({ connectors }: Settings): Record<string, readonly string[]> {
  return Object.fromEntries(
    connectableNames.flatMap((name) => {
      const client = connectors.get(name);
      return client ? [[name, client.scopes ?? []]] : [];
    }),
  );
}

async function store(ctx: GatedContext, row: Readonly<Record<string, unknown>>): Promise<Begun> {
  const [rows] = await ctx.gate(() => [
    plain('select gatehouse.begin_connect($1::jsonb) as begun', [JSON.stringify(row)]),
  ]);
  const begun = firstValue<Begun>(rows, 'begun');
  if (begun.outcome !== 'begun') throw new AppError(begun.outcome);
  return begun;
}
