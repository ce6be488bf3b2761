import { text } from 'node:stream/consumers';
import type { Provider } from 'oidc-provider';
import { type Account, hintedAccount } from './accounts.ts';
import { chooserPage } from './page.ts';
import { resourceScopesOf } from './scopes.ts';

/** Node's request and answer, as the library takes them, with what a page needs. */
type Context = Parameters<Parameters<Provider['use']>[0]>[0];
type Details = Awaited<ReturnType<Provider['interactionDetails']>>;

export interface InteractionOptions {
  /** By subject: those one can choose, and those that a hint described. */
  readonly accounts: Map<string, Account>;
  /** Whom the page offers. */
  readonly offered: readonly Account[];
  /** Believe the login hint, without a page. */
  readonly autoLogin: boolean;
}

/** Who agreed, and to what not. */
interface Consent {
  readonly account: Account;
  readonly refusedScopes: readonly string[];
}

/** Where the library sends a browser that has to say who it is. */
export const interactionPath = (uid: string) => `/interaction/${uid}`;

/** Answers the interaction's address: the page, the choice made there, or the hint at once. */
export function answerInteractions(provider: Provider, options: InteractionOptions): void {
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith(interactionPath(''))) return next();
    const details = await provider.interactionDetails(ctx.req, ctx.res).catch(() => null);
    if (!details) return ctx.throw(400, 'This sign-in has expired. Start again where you came from.');
    const result = ctx.method === 'POST' ? await chosen(ctx, details, options) : hinted(details, options);
    if (result === null) return showPage(ctx, details, options);
    const submission = result === 'cancelled' ? { error: 'access_denied' } : await agreed(provider, details, result);
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, submission));
    ctx.status = 303;
  });
}

async function chosen(
  ctx: Context,
  { params }: Details,
  { accounts }: InteractionOptions,
): Promise<Consent | 'cancelled' | null> {
  const form = new URLSearchParams(await text(ctx.req));
  if (form.has('cancel')) return 'cancelled';
  const account = accounts.get(form.get('account') ?? '');
  if (!account) return null;
  const ticked = new Set(form.getAll('scope'));
  return { account, refusedScopes: resourceScopesOf(String(params.scope)).filter((name) => !ticked.has(name)) };
}

function hinted({ params }: Details, { accounts, autoLogin }: InteractionOptions): Consent | null {
  if (!autoLogin || typeof params.login_hint !== 'string') return null;
  const account = hintedAccount(accounts, params.login_hint);
  return account && { account, refusedScopes: account.refusedScopes ?? [] };
}

/** Signed in, and what was asked for granted, but for what they left out: in one step. */
async function agreed(provider: Provider, { params }: Details, { account, refusedScopes }: Consent) {
  const grant = new provider.Grant({ accountId: account.subject, clientId: String(params.client_id) });
  const asked = String(params.scope).split(' ');
  grant.addOIDCScope(asked.filter((name) => !refusedScopes.includes(name)));
  grant.rejectOIDCScope(asked.filter((name) => refusedScopes.includes(name)));
  return { login: { accountId: account.subject }, consent: { grantId: await grant.save() } };
}

function showPage(ctx: Context, { params }: Details, { offered }: InteractionOptions): void {
  ctx.set('cache-control', 'no-store');
  ctx.set('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  ctx.type = 'html';
  ctx.body = chooserPage(offered, resourceScopesOf(String(params.scope)), ctx.path);
}
