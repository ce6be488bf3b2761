import { Alert, describe, Problem } from './parts.tsx';

export interface EmailFormState {
  readonly email: string;
  readonly problems: { readonly new_email?: string };
}

interface EmailSection extends EmailFormState {
  readonly current: string | null;
  readonly nonce: string;
  readonly refusal?: string | null;
}

/** The address of the account, and the form that changes it: the new one is proven first. */
export function EmailForm({ current, email, problems, nonce, refusal }: EmailSection) {
  const problem = problems.new_email;
  return (
    <section class="card stack" aria-labelledby="email">
      <h2 id="email">E-mail address</h2>
      {refusal ? <Alert focus>{refusal}</Alert> : null}
      <p class="small soft">
        {current ? (
          <>
            You sign in with <strong>{current}</strong>.
          </>
        ) : (
          'There is none yet.'
        )}{' '}
        A new one counts once you have opened the mail that we send there; the old one is told.
      </p>
      <form method="post" action="/account/email" class="stack" data-ask>
        <input type="hidden" name="nonce" value={nonce} />
        <div>
          <label for="new_email">New address</label>
          <input
            id="new_email"
            name="email"
            type="email"
            autocomplete="email"
            autocapitalize="none"
            spellcheck={false}
            maxlength={254}
            required
            autofocus={problem !== undefined}
            value={email}
            {...describe('new_email', problem)}
          />
          <Problem field="new_email" text={problem} />
        </div>
        <button type="submit" class="quiet">
          Change address
        </button>
      </form>
    </section>
  );
}
