import type { NewTokenView, TokenView } from '../../domain/auth/tokens/views.ts';
import { Alert, Moment } from './parts.tsx';
import { TokenForm, type TokenFormState } from './token-form.tsx';

interface TokensState {
  readonly tokens: readonly TokenView[];
  readonly form: TokenFormState;
  readonly nonce: string;
  readonly timeZone: string;
  readonly refusal?: string | null;
}

/** The API tokens of a person; never their secrets. */
export function TokenList({ tokens, form, nonce, timeZone, refusal }: TokensState) {
  return (
    <section class="card stack" aria-labelledby="tokens">
      <h2 id="tokens">API tokens</h2>
      {refusal ? <Alert focus>{refusal}</Alert> : null}
      <p class="small soft">A program that has one acts for you, as far as the token may.</p>
      {tokens.length > 0 ? (
        <ul class="list">
          {tokens.map((token) => (
            <Token token={token} nonce={nonce} timeZone={timeZone} />
          ))}
        </ul>
      ) : null}
      <TokenForm {...form} nonce={nonce} />
    </section>
  );
}

interface OneToken {
  readonly token: TokenView;
  readonly nonce: string;
  readonly timeZone: string;
}

function Token({ token, nonce, timeZone }: OneToken) {
  const isReplaced = token.rotatedAt !== null;
  return (
    <li>
      <h3>
        {token.name} {isReplaced ? <span class="badge plain">Replaced</span> : null}
      </h3>
      <p class="small soft">
        <code>{token.prefix}…</code> · {token.scopes.join(', ')}
      </p>
      <p class="small soft">
        Created <Moment at={token.createdAt} timeZone={timeZone} />,{' '}
        {token.lastUsedAt ? (
          <>
            last used around <Moment at={token.lastUsedAt} timeZone={timeZone} />
          </>
        ) : (
          'not used yet'
        )}
        {token.expiresAt ? (
          <>
            ; works until <Moment at={token.expiresAt} timeZone={timeZone} />
          </>
        ) : null}
      </p>
      {isReplaced ? (
        <RevokeForm token={token} />
      ) : (
        <details>
          <summary>
            Rotate or revoke<span class="unseen">: {token.name}</span>
          </summary>
          <RotateForm token={token} nonce={nonce} />
          <RevokeForm token={token} />
        </details>
      )}
    </li>
  );
}

function RevokeForm({ token }: { token: TokenView }) {
  return (
    <form method="post" action="/account/tokens/revoke">
      <input type="hidden" name="token_id" value={token.id} />
      <button type="submit" class="danger less" aria-label={`Revoke ${token.name}`}>
        Revoke
      </button>
    </form>
  );
}

function RotateForm({ token, nonce }: { token: TokenView; nonce: string }) {
  const id = `overlap-${token.id}`;
  return (
    <form method="post" action="/account/tokens/rotate" class="row end">
      <input type="hidden" name="nonce" value={nonce} />
      <input type="hidden" name="token_id" value={token.id} />
      <div class="body">
        <label for={id}>The old one works on for</label>
        <select id={id} name="overlap_hours">
          <option value="0">no time at all</option>
          <option value="1">one hour</option>
          <option value="24" selected>
            one day
          </option>
          <option value="168">seven days</option>
        </select>
      </div>
      <button type="submit" class="quiet" aria-label={`Rotate ${token.name}`}>
        Rotate
      </button>
    </form>
  );
}

/** The one page that ever shows a token. */
export function NewTokenPage({ token }: { readonly token: NewTokenView }) {
  return (
    <>
      <h1>Copy your new token</h1>
      <p>
        It is shown this once: we keep no copy that could be read. It is called <strong>{token.name}</strong> and works
        until <Moment at={token.expiresAt} timeZone="UTC" /> UTC.
      </p>
      <div>
        <label for="token">Token</label>
        <input
          id="token"
          class="secret"
          readonly
          autofocus
          autocomplete="off"
          spellcheck={false}
          value={token.token}
          aria-describedby="token-hint"
        />
        <p class="hint" id="token-hint">
          It may: {token.scopes.join(', ')}.
        </p>
      </div>
      <button type="button" class="wide" data-copy hidden>
        Copy
      </button>
      <p class="small soft" role="status" data-copied></p>
      <p class="small soft">
        Programs send it with every call, as <code>Authorization: Bearer …</code>
      </p>
      <p>
        <a href="/account#tokens">Back to your account</a>
      </p>
    </>
  );
}
