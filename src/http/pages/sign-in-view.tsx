import { Alert, describe, Notice, Problem } from './parts.tsx';

/** What the form with the e-mail address shows. */
export interface AskState {
  readonly nonce: string;
  readonly email?: string;
  /** An allowed address to go to after sign-in. */
  readonly redirectUrl?: string;
  readonly notice?: string | null;
  /** What is wrong with the address typed. */
  readonly problem?: string;
  /** What is wrong otherwise. */
  readonly refusal?: string;
}

/** /sign-in: asks for an address; opened with a mailed link, it asks for one press of a button instead. */
export function AskView(state: AskState) {
  return (
    <>
      <h1>Sign in</h1>
      <p class="banner bad" role="alert" tabindex={-1} data-alert hidden></p>
      <OpenedLink />
      <div class="ask stack">
        {state.notice ? <Notice tone="note">{state.notice}</Notice> : null}
        {state.refusal ? <Alert focus>{state.refusal}</Alert> : null}
        <p class="soft">We will mail you a link and a code. There is no password to remember.</p>
        <form method="post" action="/sign-in" class="stack" data-ask>
          <input type="hidden" name="nonce" value={state.nonce} />
          {state.redirectUrl ? <input type="hidden" name="redirect_url" value={state.redirectUrl} /> : null}
          <div>
            <label for="email">E-mail address</label>
            <input
              id="email"
              name="email"
              type="email"
              autocomplete="email"
              autocapitalize="none"
              spellcheck={false}
              maxlength={254}
              required
              autofocus={!state.refusal}
              value={state.email ?? ''}
              {...describe('email', state.problem)}
            />
            <Problem field="email" text={state.problem} />
          </div>
          <button type="submit" class="wide">
            Mail me a link
          </button>
        </form>
        <p class="small soft">
          Have a mail already? <a href="/sign-in/code">Type its code</a>
        </p>
        <noscript>
          <p class="small soft">
            Opening the link of a mail needs JavaScript, which is off. The code of the same mail works without.
          </p>
        </noscript>
      </div>
    </>
  );
}

/** Shown by the script alone: no server learns of the fragment that a link carries. */
function OpenedLink() {
  return (
    <div class="confirm stack">
      <div class="here stack">
        <p class="soft">One press and you are in. The link works once, in the browser that asked for it.</p>
        <button type="button" class="wide" data-confirm>
          Finish signing in
        </button>
      </div>
      <div class="elsewhere stack" role="alert" tabindex={-1} data-elsewhere>
        <h2>This link belongs to another browser</h2>
        <p>
          It works only where it was asked for, so that a link which falls into other hands signs nobody in. You are not
          signed in here, and the link is still good.
        </p>
        <p>
          <strong>
            Go back to the page where you typed your address, and type the six-digit code from the mail there.
          </strong>
        </p>
        <p class="small">
          Or <a href="/sign-in">ask for a new mail in this browser</a>.
        </p>
      </div>
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
export function CodeView({ nonce, redirectUrl, refusal }: CodeState) {
  const again = redirectUrl ? `/sign-in?redirect_url=${encodeURIComponent(redirectUrl)}` : '/sign-in';
  return (
    <>
      <h1>Check your mail</h1>
      <p class="soft">
        A mail is on its way to <strong data-address>the address you gave</strong>. Open its link in this browser, or
        type its code here.
      </p>
      <form method="post" action="/sign-in/code" class="stack">
        <input type="hidden" name="nonce" value={nonce} />
        {redirectUrl ? <input type="hidden" name="redirect_url" value={redirectUrl} /> : null}
        <div>
          <label for="code">Six-digit code</label>
          <input
            id="code"
            name="code"
            class="code"
            inputmode="numeric"
            autocomplete="one-time-code"
            pattern="\s*[0-9]{3}[\s\-]?[0-9]{3}\s*"
            title="The six digits of the mail"
            spellcheck={false}
            required
            autofocus
            {...describe('code', refusal, true)}
          />
          {refusal ? (
            <div role="alert">
              <Problem field="code" text={refusal} />
            </div>
          ) : null}
          <p class="hint" id="code-hint">
            Good for ten minutes. Type it only on this page.
          </p>
        </div>
        <button type="submit" class="wide">
          Sign in
        </button>
      </form>
      <p class="small soft">
        No mail? Look in your spam folder, or <a href={again}>ask again, or with another address</a>.
      </p>
    </>
  );
}
