import type { Context as HonoContext } from 'hono';
import type { AppError } from '../../errors.ts';
import { randomSecret } from '../../lib/secrets.ts';
import type { AppEnv } from '../open-context.ts';
import { statusOf } from '../respond.ts';
import { change } from './account-page.tsx';
import { callApi, formKey, needsSignIn, readForm, refusalOf } from './calls.ts';
import { guarded, stepUpFor } from './guard.ts';
import { showPage } from './layout.tsx';
import { CodeForm, digitsOf, OpenedLink, ScriptAlert } from './proof-view.tsx';
import { ADDRESS_WORDS, inWords, problemsOf } from './words.ts';

/** POST /account/email: mails a proof to the new address, then asks for it. One trip. */
export function askNewAddress(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const form = await readForm(c, 'email', 'nonce');
    const email = form.email.trim();
    const key = await formKey(form.nonce, email.toLowerCase());
    const typed = (refusal: AppError) => ({
      email: { email, problems: problemsOf(refusal, { email: ['new_email', ADDRESS_WORDS] as const }) },
    });
    return change(c, { section: 'email', typed }, async () => {
      await callApi(c.get('ctx'), key).account.requestEmailChange({ email });
      return c.redirect('/account/email', 303);
    });
  });
}

/** GET /account/email: asks for the code; opened with the mailed link, for one press of a button. No trip. */
export function showEmailCode(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, () => askForCode(c), 'mailed');
}

/** POST /account/email/code: makes the new address the account's. One trip. */
export function confirmByCode(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const form = await readForm(c, 'code', 'nonce');
    const code = digitsOf(form.code);
    try {
      const key = await formKey(form.nonce, code);
      await callApi(c.get('ctx'), key).account.confirmEmailChange({ code });
      return c.redirect('/account?done=email', 303);
    } catch (error) {
      const refusal = refusalOf(c.get('ctx'), error);
      if (needsSignIn(refusal)) throw error;
      const stepUp = stepUpFor(refusal);
      return stepUp ? c.redirect(stepUp, 303) : askForCode(c, refusal);
    }
  });
}

function askForCode(c: HonoContext<AppEnv>, refusal?: AppError): Response | Promise<Response> {
  const words = refusal && (refusal.code === 'input.invalid' ? 'The code has six digits.' : inWords(refusal));
  const content = (
    <>
      <h1>Confirm your new address</h1>
      <ScriptAlert />
      <OpenedLink
        lead="One press, and the address that got the mail is your account's."
        procedure="account.confirmEmailChange"
        next="/account?done=email"
        label="Use this address"
        elsewhere={{
          why: 'It works only in the browser where you asked for the change. Nothing has changed.',
          again: (
            <>
              Or <a href="/account#email">ask for a new mail in this browser</a>.
            </>
          ),
        }}
      />
      <div class="ask stack">
        <p class="soft">
          A mail is on its way to <strong data-address>the new address</strong>. Open its link in this browser, or type
          its code here, if it has one. Until then your old address stays.
        </p>
        <CodeForm action="/account/email/code" nonce={randomSecret()} refusal={words} button="Use this address" />
        <p class="small soft">
          No mail? Look in your spam folder, or <a href="/account#email">ask again</a>.
        </p>
      </div>
    </>
  );
  if (refusal?.details.retryAfter !== undefined) c.header('retry-after', String(refusal.details.retryAfter));
  return showPage(c, { title: 'Confirm your new address', content, script: 'link' }, refusal && statusOf(refusal));
}
