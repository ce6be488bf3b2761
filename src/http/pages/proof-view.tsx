import type { Child } from 'hono/jsx';
import { describe, Problem } from './parts.tsx';

interface ProofButton {
  /** The procedure that the button sends the link's secret to. */
  readonly procedure: string;
  /** Where to go afterwards; absent: the page shows that it is done. */
  readonly next?: string;
  readonly label: string;
  readonly tone?: 'danger';
}

/** The button of a page that a mailed link opened; the page's script sends it. */
export function ConfirmButton({ procedure, next, label, tone }: ProofButton) {
  return (
    <button type="button" class={tone ? `wide ${tone}` : 'wide'} data-confirm={procedure} data-next={next}>
      {label}
    </button>
  );
}

interface OpenedLinkState extends ProofButton {
  readonly lead: string;
  /** What holds where the link belongs to another browser: what did not happen, and where to ask anew. */
  readonly elsewhere: { readonly why: string; readonly again: Child };
}

/** Shown by the script alone: no server learns of the fragment that a link carries. */
export function OpenedLink({ lead, elsewhere, ...button }: OpenedLinkState) {
  return (
    <div class="confirm stack">
      <div class="here stack">
        <p class="soft">{lead}</p>
        <ConfirmButton {...button} />
      </div>
      <div class="elsewhere stack" role="alert" tabindex={-1} data-elsewhere>
        <h2>This link belongs to another browser</h2>
        <p>{elsewhere.why}</p>
        <p>
          <strong>Go back to the page where you asked for it, and type the six-digit code from the mail there.</strong>
        </p>
        <p class="small">{elsewhere.again}</p>
      </div>
    </div>
  );
}

interface CodeFormState {
  readonly action: string;
  readonly nonce: string;
  readonly redirectUrl?: string;
  readonly refusal?: string;
  readonly button: string;
}

/** Asks for the six digits of a mail. */
export function CodeForm({ action, nonce, redirectUrl, refusal, button }: CodeFormState) {
  return (
    <form method="post" action={action} class="stack">
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
        {button}
      </button>
    </form>
  );
}

/** What a script writes a refusal into. */
export function ScriptAlert() {
  return <p class="banner bad" role="alert" tabindex={-1} data-alert hidden></p>;
}

/** What people copy from a mail ("123 456") as the six digits that the procedures take. */
export function digitsOf(code: string): string {
  return code.replace(/[\s-]/g, '');
}
