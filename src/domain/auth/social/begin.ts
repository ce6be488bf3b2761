import { authorizationUrl } from '../../../connectors/flow.ts';
import type { Context, GatedContext, SystemContext } from '../../../context.ts';
import type { Gate } from '../../../db/gate.ts';
import { plain } from '../../../db/statement.ts';
import { sha256Hex } from '../../../lib/secrets.ts';
import { makerOf } from '../../idempotency.ts';
import { formatBrowserProof, parseBrowserProof } from '../magic-link.ts';
import { readRedirect } from '../request-magic-link.ts';
import { findProvider, redirectUriOf } from './providers.ts';
import type { BeginSocialInput, SocialBegun } from './views.ts';

/** How long a redirect to a provider may take; `gatehouse.begin_social` says the same. */
const STATE_SECONDS = 600;

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
  const maker = makerOf(ctx, (await ctx.credential?.hash()) ?? '', 'auth.startSocial');
  const state = await maker.secret('state');
  const stateId = await maker.id('state.id');
  // A browser keeps its secret and, with it, the mail it may have asked for.
  const browser = parseBrowserProof(ctx.cookies.read('sign_in')) ?? {
    linkId: stateId,
    secret: await maker.secret('browser'),
  };
  const row = {
    id: stateId,
    stateHash: await sha256Hex(state),
    connector: connector.name,
    browserHash: await sha256Hex(browser.secret),
    redirectUrl,
  };
  const authorization = await authorizationUrl(connector, client, {
    state,
    browserSecret: browser.secret,
    redirectUri: redirectUriOf(ctx, connector.name),
  });
  await gate(() => [plain('select from gatehouse.begin_social($1::jsonb)', [JSON.stringify(row)])]);
  ctx.cookies.set('sign_in', formatBrowserProof(browser), STATE_SECONDS);
  return { authorizationUrl: authorization };
}
