import { authorizationUrl } from '../../../connectors/flow.ts';
import type { Context, GatedContext, SystemContext } from '../../../context.ts';
import type { Gate } from '../../../db/gate.ts';
import { plain } from '../../../db/statement.ts';
import { readRedirect } from '../request-magic-link.ts';
import { findProvider } from './providers.ts';
import { newRedirect } from './redirect.ts';
import type { BeginSocialInput, SocialBegun } from './views.ts';

/** Where to send the browser to sign in with a provider. One trip. */
export async function startSocialSignIn(ctx: SystemContext, input: BeginSocialInput): Promise<SocialBegun> {
  await ctx.limit('social.start');
  return begin(ctx, input, ctx.system);
}

/** Where to send the browser to link an account at a provider to the caller's. One trip. */
export async function startSocialLink(ctx: GatedContext, input: BeginSocialInput): Promise<SocialBegun> {
  await ctx.limit('social.start');
  return begin(ctx, input, ctx.gate);
}

/** Who enters decides what the state is for: see `gatehouse.begin_social`. */
async function begin(ctx: Context, input: BeginSocialInput, gate: Gate): Promise<SocialBegun> {
  const { connector, client } = findProvider(ctx, input.provider);
  const redirectUrl = readRedirect(ctx, input.redirectUrl);
  const redirect = await newRedirect(ctx, connector.name);
  const row = { ...redirect.row, connector: connector.name, redirectUrl };
  const authorization = await authorizationUrl(connector, client, redirect.request);
  await gate(() => [plain('select from gatehouse.begin_social($1::jsonb)', [JSON.stringify(row)])]);
  redirect.bind();
  return { authorizationUrl: authorization };
}
