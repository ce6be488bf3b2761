import type { Context as HonoContext } from 'hono';
import type { AppError } from '../../errors.ts';
import { safeRedirect } from '../../lib/redirects.ts';
import { randomSecret } from '../../lib/secrets.ts';
import type { AppEnv } from '../open-context.ts';
import { statusOf } from '../respond.ts';
import { callApi, formKey, readForm, refusalOf } from './calls.ts';
import { type Page, showPage } from './layout.tsx';
import { noticeOf } from './notices.ts';
import { type AskState, AskView, CodeView } from './sign-in-view.tsx';
import { inWords } from './words.ts';

type Answer = Response | Promise<Response>;

/** GET /sign-in */
export function showSignIn(c: HonoContext<AppEnv>): Answer {
  return ask(c, {
    redirectUrl: allowedRedirect(c, c.req.query('redirect_url')),
    notice: noticeOf(c.req.query('done')),
  });
}

/** POST /sign-in: mails link and code, then asks for the code. One trip, whoever the address belongs to. */
export async function askForLink(c: HonoContext<AppEnv>): Promise<Response> {
  const ctx = c.get('ctx');
  const form = await readForm(c, 'email', 'redirect_url', 'nonce');
  const email = form.email.trim();
  const redirectUrl = form.redirect_url || undefined;
  try {
    const key = await formKey(form.nonce, email.toLowerCase(), form.redirect_url);
    await callApi(ctx, key).auth.requestMagicLink({ email, redirectUrl });
  } catch (error) {
    return refuseAddress(c, refusalOf(ctx, error), { email, redirectUrl: allowedRedirect(c, redirectUrl) });
  }
  return c.redirect(
    redirectUrl ? `/sign-in/code?redirect_url=${encodeURIComponent(redirectUrl)}` : '/sign-in/code',
    303,
  );
}

/** GET /sign-in/code */
export function showCode(c: HonoContext<AppEnv>): Answer {
  return askForCode(c, allowedRedirect(c, c.req.query('redirect_url')));
}

/** POST /sign-in/code: signs in, and goes where the mail was asked to lead. One trip. */
export async function signInByCode(c: HonoContext<AppEnv>): Promise<Response> {
  const ctx = c.get('ctx');
  const form = await readForm(c, 'code', 'redirect_url', 'nonce');
  // People copy "123 456" as mail programs show it.
  const code = form.code.replace(/[\s-]/g, '');
  try {
    const signedIn = await callApi(ctx, await formKey(form.nonce, code)).auth.verifyMagicCode({ code });
    return c.redirect(signedIn.redirectUrl ?? '/account', 303);
  } catch (error) {
    return askForCode(c, allowedRedirect(c, form.redirect_url), refusalOf(ctx, error));
  }
}

function ask(c: HonoContext<AppEnv>, state: Omit<AskState, 'nonce'>, refusal?: AppError): Answer {
  const content = <AskView {...state} nonce={randomSecret()} />;
  return respond(c, { title: 'Sign in', content }, refusal);
}

function refuseAddress(
  c: HonoContext<AppEnv>,
  refusal: AppError,
  state: { email: string; redirectUrl?: string },
): Answer {
  const isAddress = refusal.code === 'input.invalid';
  const words = isAddress
    ? 'That is not an e-mail address we can write to, such as name@example.com.'
    : inWords(refusal);
  return ask(c, { ...state, ...(isAddress ? { problem: words } : { refusal: words }) }, refusal);
}

function askForCode(c: HonoContext<AppEnv>, redirectUrl: string | undefined, refusal?: AppError): Answer {
  const words = refusal && (refusal.code === 'input.invalid' ? 'The code has six digits.' : inWords(refusal));
  const content = <CodeView nonce={randomSecret()} redirectUrl={redirectUrl} refusal={words} />;
  return respond(c, { title: 'Check your mail', content }, refusal);
}

function respond(c: HonoContext<AppEnv>, page: Page, refusal?: AppError): Answer {
  if (refusal?.details.retryAfter !== undefined) c.header('retry-after', String(refusal.details.retryAfter));
  return showPage(c, { ...page, script: 'signIn' }, refusal && statusOf(refusal));
}

/** The address in its checked spelling, ours as a path; dropped when it is refused, so that no page carries it on. */
function allowedRedirect(c: HonoContext<AppEnv>, candidate: string | undefined): string | undefined {
  const { settings } = c.get('ctx');
  const url = safeRedirect(candidate, settings) ?? undefined;
  return url?.startsWith(`${settings.publicUrl}/`) ? url.slice(settings.publicUrl.length) : url;
}
