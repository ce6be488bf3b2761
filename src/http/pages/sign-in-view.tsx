import { Alert, describe, Notice, Problem } from './parts.tsx';
import { CodeForm, OpenedLink, ScriptAlert } from './proof-view.tsx';
import { ProviderButtons, type ProviderItem } from './providers-view.tsx';

/** What the page of all ways in shows. */
export interface AskState {
  readonly nonce: string;
  readonly email?: string;
  /** An allowed address to go to after sign-in. */
  readonly redirectUrl?: string;
  readonly providers: readonly ProviderItem[];
  readonly notice?: string | null;
  /** What is wrong with the address typed. */
  readonly problem?: string;
  /** What is wrong otherwise. */
  readonly refusal?: string | null;
}

/** /sign-in: every way in; opened with a mailed link, it asks for one press of a button instead. */
export function AskView(state: AskState) {
  return (
    <>
      <h1>Sign in</h1>
      <ScriptAlert />
      <OpenedLink
        lead="One press and you are in. The link works once, in the browser that asked for it."
        procedure="auth.verifyMagicLink"
        next="/account"
        label="Finish signing in"
        elsewhere={{
          why: 'It works only where it was asked for, so that a link which falls into other hands signs nobody in. You are not signed in here, and the link was not used up by opening it.',
          again: (
            <>
              Or <a href="/sign-in">ask for a new mail in this browser</a>.
            </>
          ),
        }}
      />
      <div class="ask stack">
        {state.notice ? <Notice tone="note">{state.notice}</Notice> : null}
        {state.refusal ? <Alert focus>{state.refusal}</Alert> : null}
        <MailForm {...state} />
        <OtherWays {...state} />
        <p class="small soft">
          Have a mail already? <a href="/sign-in/code">Type its code</a>
        </p>
        <noscript>
          <p class="small soft">
            Passkeys, and opening the link of a mail, need JavaScript, which is off. The code of the same mail works
            without.
          </p>
        </noscript>
      </div>
    </>
  );
}

function MailForm({ nonce, email, redirectUrl, problem, refusal }: AskState) {
  return (
    <>
      <p class="soft">We will mail you a link and a code. There is no password to remember.</p>
      <form method="post" action="/sign-in" class="stack" data-ask>
        <input type="hidden" name="nonce" value={nonce} />
        {redirectUrl ? <input type="hidden" name="redirect_url" value={redirectUrl} /> : null}
        <div>
          <label for="email">E-mail address</label>
          <input
            id="email"
            name="email"
            type="email"
            // "webauthn" comes last (WebAuthn §5.1.5): the browser then offers passkeys in this field.
            autocomplete="username webauthn"
            autocapitalize="none"
            spellcheck={false}
            maxlength={254}
            required
            autofocus={!refusal}
            value={email ?? ''}
            {...describe('email', problem)}
          />
          <Problem field="email" text={problem} />
        </div>
        <button type="submit" class="wide">
          Mail me a link
        </button>
      </form>
    </>
  );
}

function OtherWays({ nonce, redirectUrl, providers }: AskState) {
  return (
    <div class={providers.length > 0 ? 'ways' : 'ways scripted'}>
      <p class="or">or</p>
      <button type="button" class="wide quiet" data-passkey data-next={redirectUrl ?? '/account'} hidden>
        Sign in with a passkey
      </button>
      {providers.length > 0 ? (
        <form method="post" action="/sign-in/social" class="ways">
          <input type="hidden" name="nonce" value={nonce} />
          {redirectUrl ? <input type="hidden" name="redirect_url" value={redirectUrl} /> : null}
          <ProviderButtons providers={providers} verb="Continue with" wide />
        </form>
      ) : null}
    </div>
  );
}

/** What the form with the code shows. */
export interface CodeState {
  readonly nonce: string;
  readonly redirectUrl?: string;
  readonly refusal?: string;
}

/** /sign-in/code: the same for every address, known or not. */
export function CodeView({ redirectUrl, ...state }: CodeState) {
  const again = redirectUrl ? `/sign-in?redirect_url=${encodeURIComponent(redirectUrl)}` : '/sign-in';
  return (
    <>
      <h1>Check your mail</h1>
      <p class="soft">
        A mail is on its way to <strong data-address>the address you gave</strong>. Open its link in this browser, or
        type its code here, if it has one.
      </p>
      <CodeForm action="/sign-in/code" button="Sign in" redirectUrl={redirectUrl} {...state} />
      <p class="small soft">
        No mail? Look in your spam folder, or <a href={again}>ask again, or with another address</a>.
      </p>
    </>
  );
}
