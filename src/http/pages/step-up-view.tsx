import { Alert } from './parts.tsx';
import { CodeForm, OpenedLink, ScriptAlert } from './proof-view.tsx';

export interface StepUpState {
  readonly nonce: string;
  /** A path of ours to go back to. */
  readonly redirectUrl: string;
  /** The same with the notice that it is confirmed. */
  readonly next: string;
  readonly hasPasskey: boolean;
  readonly canMail: boolean;
  readonly refusal?: string;
}

/** /step-up: proves anew who somebody is; opened with a mailed link, it asks for one press of a button instead. */
export function StepUpView(state: StepUpState) {
  return (
    <>
      <h1>Confirm that it is you</h1>
      <ScriptAlert />
      <OpenedLink
        lead="One press, and for ten minutes you can change what matters."
        procedure="auth.stepUp"
        next={state.next}
        label="It is me"
        elsewhere={elsewhere}
      />
      <div class="ask stack">
        {state.refusal ? <Alert focus>{state.refusal}</Alert> : null}
        <p class="soft">
          You are about to change how your account is reached. That needs a proof that is not older than ten minutes, so
          that nobody does it at a screen you left, or with a session that was stolen.
        </p>
        <Ways {...state} />
        <p class="small">
          <a href={state.redirectUrl}>Not now</a>
        </p>
      </div>
    </>
  );
}

const elsewhere = {
  why: 'It works only in the browser where you asked for it. Nothing is confirmed.',
  again: (
    <>
      Or <a href="/step-up">ask for a new mail in this browser</a>.
    </>
  ),
};

function Ways({ nonce, redirectUrl, next, hasPasskey, canMail }: StepUpState) {
  if (!hasPasskey && !canMail) {
    return <p>There is nothing here to prove it by. Sign out, sign in again, and then make the change.</p>;
  }
  return (
    <div class="ways">
      {hasPasskey ? (
        <button type="button" class="wide" data-passkey data-next={next} hidden>
          Use a passkey
        </button>
      ) : null}
      {canMail ? (
        <form method="post" action="/step-up">
          <input type="hidden" name="nonce" value={nonce} />
          <input type="hidden" name="redirect_url" value={redirectUrl} />
          <button type="submit" class={hasPasskey ? 'wide quiet' : 'wide'}>
            Mail me a link and a code
          </button>
        </form>
      ) : (
        <noscript>
          <p>Passkeys need JavaScript, which is off.</p>
        </noscript>
      )}
    </div>
  );
}

interface StepUpCodeState {
  readonly nonce: string;
  readonly redirectUrl: string;
  readonly refusal?: string;
}

/** /step-up/code */
export function StepUpCodeView({ redirectUrl, ...state }: StepUpCodeState) {
  return (
    <>
      <h1>Check your mail</h1>
      <p class="soft">
        A mail is on its way to your address. Open its link in this browser, or type its code here, if it has one. Then
        you can go on.
      </p>
      <CodeForm action="/step-up/code" button="Confirm" redirectUrl={redirectUrl} {...state} />
      <p class="small soft">
        No mail? Look in your spam folder, or{' '}
        <a href={`/step-up?redirect_url=${encodeURIComponent(redirectUrl)}`}>ask again</a>.
      </p>
    </>
  );
}
