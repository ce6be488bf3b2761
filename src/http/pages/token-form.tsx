import { scopes, scopesFor } from '../../scopes.ts';
import { describe, Problem } from './parts.tsx';

/** The fields of the form, as they are posted. */
export interface TokenFields {
  readonly token_name: string;
  readonly days: string;
  readonly scopes: readonly string[];
}

export interface TokenFormState {
  readonly values: TokenFields;
  readonly problems: Partial<Record<keyof TokenFields, string>>;
}

const values: TokenFields = { token_name: '', days: '90', scopes: [] };
export const emptyToken: TokenFormState = { values, problems: {} };

/** What each field may hold, in words; by the names that the procedure's input has. */
export const tokenWords: Readonly<Record<string, readonly [keyof TokenFields, string]>> = {
  name: ['token_name', 'A name has 1 to 120 characters, none of them a control code.'],
  scopes: ['scopes', 'Choose at least one thing that the token may do.'],
  expiresInDays: ['days', 'A token works for 1 to 365 days.'],
};

/** Makes a personal token: what it is for, what it may do, how long it works. */
export function TokenForm({ values, problems, nonce }: TokenFormState & { readonly nonce: string }) {
  const first = Object.keys(problems)[0];
  return (
    <details open={first !== undefined}>
      <summary>New token</summary>
      <form method="post" action="/account/tokens" class="stack">
        <input type="hidden" name="nonce" value={nonce} />
        <div>
          <label for="token_name">What it is for</label>
          <input
            id="token_name"
            name="name"
            maxlength={120}
            required
            autocomplete="off"
            autofocus={first === 'token_name'}
            value={values.token_name}
            {...describe('token_name', problems.token_name)}
          />
          <Problem field="token_name" text={problems.token_name} />
        </div>
        <ScopeBoxes chosen={values.scopes} problem={problems.scopes} isFirst={first === 'scopes'} />
        <div>
          <label for="days">Days it works</label>
          <input
            id="days"
            name="days"
            type="number"
            min={1}
            max={365}
            required
            autofocus={first === 'days'}
            value={values.days}
            {...describe('days', problems.days)}
          />
          <Problem field="days" text={problems.days} />
        </div>
        <button type="submit">Create token</button>
      </form>
    </details>
  );
}

interface Boxes {
  readonly chosen: readonly string[];
  readonly problem: string | undefined;
  /** Whether the first box takes the focus. */
  readonly isFirst: boolean;
}

function ScopeBoxes({ chosen, problem, isFirst }: Boxes) {
  return (
    <fieldset aria-describedby={problem ? 'scopes-problem' : undefined}>
      <legend>What it may do</legend>
      {scopesFor('personal').map((scope, index) => (
        <label class="tick">
          <input
            type="checkbox"
            name="scopes"
            value={scope}
            checked={chosen.includes(scope)}
            autofocus={isFirst && index === 0}
            aria-invalid={problem ? 'true' : undefined}
          />
          <span>
            {scopes[scope].summary} <code>{scope}</code>
          </span>
        </label>
      ))}
      <Problem field="scopes" text={problem} />
    </fieldset>
  );
}
