import type { Context as HonoContext } from 'hono';
import type { AppError } from '../../errors.ts';
import { randomSecret } from '../../lib/secrets.ts';
import type { AppEnv } from '../open-context.ts';
import { statusOf } from '../respond.ts';
import { callApi, formKey, readForm, refusalOf } from './calls.ts';
import { allowedRedirect } from './guard.ts';
import { type Page, showPage } from './layout.tsx';
import { noticeOf } from './notices.ts';
import { problemOf } from './problems.ts';
import { digitsOf } from './proof-view.tsx';
import { type AskState, AskView, CodeView } from './sign-in-view.tsx';
import { ADDRESS_WORDS, inWords } from './words.ts';

type Answer = Response | Promise<Response>;

/** GET /sign-in */
export function showSignIn(c: HonoContext<AppEnv>): Promise<Response> {
  return ask(c, {
    redirectUrl: allowedRedirect(c, c.req.query('redirect_url')),
    notice: noticeOf(c.req.query('done')),
    refusal: problemOf(c.req.query('problem')),
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
  const code = digitsOf(form.code);
  try {
    const signedIn = await callApi(ctx, await formKey(form.nonce, code)).auth.verifyMagicCode({ code });
    return c.redirect(signedIn.redirectUrl ?? '/account', 303);
  } catch (error) {
    return askForCode(c, allowedRedirect(c, form.redirect_url), refusalOf(ctx, error));
  }
}

/** The page of all ways in; no trip. */
export async function ask(
  c: HonoContext<AppEnv>,
  state: Omit<AskState, 'nonce' | 'providers'>,
  refusal?: AppError,
): Promise<Response> {
  const providers = await callApi(c.get('ctx')).auth.listProviders();
  const content = <AskView {...state} providers={providers.items} nonce={randomSecret()} />;
  return respond(c, { title: 'Sign in', content }, refusal);
}

function refuseAddress(
  c: HonoContext<AppEnv>,
  refusal: AppError,
  state: { email: string; redirectUrl?: string },
): Answer {
  const problem = refusal.code === 'input.invalid' ? { problem: ADDRESS_WORDS } : { refusal: inWords(refusal) };
  return ask(c, { ...state, ...problem }, refusal);
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
