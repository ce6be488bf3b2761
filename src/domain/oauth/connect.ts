import { checkParameters, connectAuthorizationUrl } from '../../connectors/flow.ts';
import type { GatedContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { readRedirect } from '../auth/request-magic-link.ts';
import { newRedirect } from '../auth/social/redirect.ts';
import { findConnectable } from './connectors.ts';
import type { ConnectInput } from './views.ts';

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
  const redirect = await newRedirect(ctx, 'oauth.connect', connector.name);
  const scopes = [...new Set([...(client.scopes ?? []), ...(input.scopes ?? [])])];
  const begun = await store(ctx, {
    ...redirect.row,
    connector: connector.name,
    redirectUrl,
    request: { scopes, parameters, connectionId: input.connectionId ?? null },
  });
  const authorizationUrl = await connectAuthorizationUrl(connector, client, {
    ...redirect.request,
    loginHint: begun.email ?? undefined,
    ...begun.request,
  });
  redirect.bind();
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
