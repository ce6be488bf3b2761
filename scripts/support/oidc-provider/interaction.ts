import { text } from 'node:stream/consumers';
import type { Provider } from 'oidc-provider';
import { type Account, hintedAccount } from './accounts.ts';
import { chooserPage } from './page.ts';

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

/** Where the library sends a browser that has to say who it is. */
export const interactionPath = (uid: string) => `/interaction/${uid}`;

/** Answers the interaction's address: the page, the choice made there, or the hint at once. */
export function answerInteractions(provider: Provider, options: InteractionOptions): void {
  provider.use(async (ctx, next) => {
    if (!ctx.path.startsWith(interactionPath(''))) return next();
    const details = await provider.interactionDetails(ctx.req, ctx.res).catch(() => null);
    if (!details) return ctx.throw(400, 'This sign-in has expired. Start again where you came from.');
    const result = ctx.method === 'POST' ? await chosen(ctx, options) : hinted(details, options);
    if (result === null) return showPage(ctx, options);
    const submission = result === 'cancelled' ? { error: 'access_denied' } : await agreed(provider, details, result);
    ctx.redirect(await provider.interactionResult(ctx.req, ctx.res, submission));
    ctx.status = 303;
  });
}

async function chosen(ctx: Context, { accounts }: InteractionOptions): Promise<Account | 'cancelled' | null> {
  const form = new URLSearchParams(await text(ctx.req));
  if (form.has('cancel')) return 'cancelled';
  return accounts.get(form.get('account') ?? '') ?? null;
}

function hinted({ params }: Details, { accounts, autoLogin }: InteractionOptions): Account | null {
  return autoLogin && typeof params.login_hint === 'string' ? hintedAccount(accounts, params.login_hint) : null;
}

/** Signed in, and all that was asked for granted: in one step. */
async function agreed(provider: Provider, { params }: Details, { subject }: Account) {
  const grant = new provider.Grant({ accountId: subject, clientId: String(params.client_id) });
  grant.addOIDCScope(String(params.scope));
  return { login: { accountId: subject }, consent: { grantId: await grant.save() } };
}

function showPage(ctx: Context, { offered }: InteractionOptions): void {
  ctx.set('cache-control', 'no-store');
  ctx.set('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  ctx.type = 'html';
  ctx.body = chooserPage(offered, ctx.path);
}
