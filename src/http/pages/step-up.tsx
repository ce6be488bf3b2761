import type { Context as HonoContext } from 'hono';
import type { AppError } from '../../errors.ts';
import { randomSecret } from '../../lib/secrets.ts';
import type { AppEnv } from '../open-context.ts';
import { statusOf } from '../respond.ts';
import { callApi, formKey, needsSignIn, readForm, refusalOf } from './calls.ts';
import { guarded, ownPath } from './guard.ts';
import { type Page, showPage } from './layout.tsx';
import { digitsOf } from './proof-view.tsx';
import { StepUpCodeView, StepUpView } from './step-up-view.tsx';
import { inWords } from './words.ts';

/** GET /step-up: says why, and offers what this account can prove it by. One trip. */
export function showStepUp(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, () => offer(c, ownPath(c, c.req.query('redirect_url'))), 'mailed');
}

/** POST /step-up: mails link and code, then asks for the code. One trip. */
export function mailStepUp(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const form = await readForm(c, 'redirect_url', 'nonce');
    const redirectUrl = ownPath(c, form.redirect_url);
    try {
      await callApi(c.get('ctx'), await formKey(form.nonce, 'mail')).auth.requestStepUpMail({});
    } catch (error) {
      return offer(c, redirectUrl, refusalFor(c, error));
    }
    return c.redirect(`/step-up/code?redirect_url=${encodeURIComponent(redirectUrl)}`, 303);
  });
}

/** GET /step-up/code. No trip. */
export function showStepUpCode(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, () => askForCode(c, ownPath(c, c.req.query('redirect_url'))));
}

/** POST /step-up/code: confirms, and goes back to where it was needed. One trip. */
export function stepUpByCode(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const form = await readForm(c, 'code', 'redirect_url', 'nonce');
    const redirectUrl = ownPath(c, form.redirect_url);
    const code = digitsOf(form.code);
    try {
      await callApi(c.get('ctx'), await formKey(form.nonce, code)).auth.stepUp({ code });
      return c.redirect(confirmed(redirectUrl), 303);
    } catch (error) {
      return askForCode(c, redirectUrl, refusalFor(c, error));
    }
  });
}

async function offer(c: HonoContext<AppEnv>, redirectUrl: string, refusal?: AppError): Promise<Response> {
  const { passkeyOptions, canMail } = await callApi(c.get('ctx')).auth.startStepUp();
  const content = (
    <StepUpView
      nonce={randomSecret()}
      redirectUrl={redirectUrl}
      next={confirmed(redirectUrl)}
      hasPasskey={passkeyOptions !== null}
      canMail={canMail}
      refusal={refusal && inWords(refusal)}
    />
  );
  return respond(c, { title: 'Confirm that it is you', content, script: 'stepUp' }, refusal);
}

function askForCode(c: HonoContext<AppEnv>, redirectUrl: string, refusal?: AppError): Response | Promise<Response> {
  const words = refusal && (refusal.code === 'input.invalid' ? 'The code has six digits.' : inWords(refusal));
  const content = <StepUpCodeView nonce={randomSecret()} redirectUrl={redirectUrl} refusal={words} />;
  return respond(c, { title: 'Check your mail', content }, refusal);
}

function refusalFor(c: HonoContext<AppEnv>, error: unknown): AppError {
  const refusal = refusalOf(c.get('ctx'), error);
  if (needsSignIn(refusal)) throw error;
  return refusal;
}

function respond(c: HonoContext<AppEnv>, page: Page, refusal?: AppError): Response | Promise<Response> {
  if (refusal?.details.retryAfter !== undefined) c.header('retry-after', String(refusal.details.retryAfter));
  return showPage(c, page, refusal && statusOf(refusal));
}

/** The path with the notice that it is confirmed. */
function confirmed(path: string): string {
  const url = new URL(path, 'http://path.invalid');
  url.searchParams.set('done', 'confirmed');
  return url.pathname + url.search + url.hash;
}
