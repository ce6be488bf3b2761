import type { PasskeyView } from '../../domain/auth/passkeys/views.ts';
import { Alert, Moment } from './parts.tsx';
import { ScriptAlert } from './proof-view.tsx';

interface PasskeysState {
  readonly passkeys: readonly PasskeyView[];
  readonly nonce: string;
  readonly timeZone: string;
  readonly refusal?: string | null;
}

/** The passkeys of a person, and what can be done with them. Adding one is the script's: it needs the browser. */
export function PasskeyList({ passkeys, nonce, timeZone, refusal }: PasskeysState) {
  return (
    <section class="card stack" aria-labelledby="passkeys">
      <h2 id="passkeys">Passkeys</h2>
      {refusal ? <Alert focus>{refusal}</Alert> : null}
      <ScriptAlert />
      <p class="small soft">Sign in by fingerprint, face or screen lock: no mail, and nothing that can be phished.</p>
      {passkeys.length > 0 ? (
        <ul class="list">
          {passkeys.map((passkey) => (
            <Passkey passkey={passkey} nonce={nonce} timeZone={timeZone} />
          ))}
        </ul>
      ) : null}
      <button type="button" class="quiet" data-add-passkey hidden>
        Add a passkey
      </button>
      <p class="small soft" data-no-passkeys hidden>
        This browser cannot make passkeys.
      </p>
      <noscript>
        <p class="small soft">Adding a passkey needs JavaScript, which is off.</p>
      </noscript>
    </section>
  );
}

interface OnePasskey {
  readonly passkey: PasskeyView;
  readonly nonce: string;
  readonly timeZone: string;
}

function Passkey({ passkey, nonce, timeZone }: OnePasskey) {
  const name = passkey.name ?? 'Passkey';
  return (
    <li>
      <h3>
        {name} <span class="badge plain">{passkey.backedUp ? 'Synced' : 'This device only'}</span>
      </h3>
      <p class="small soft">
        Added <Moment at={passkey.createdAt} timeZone={timeZone} />,{' '}
        {passkey.lastUsedAt ? (
          <>
            last used <Moment at={passkey.lastUsedAt} timeZone={timeZone} />
          </>
        ) : (
          'not used yet'
        )}
      </p>
      <details>
        <summary>
          Rename or remove<span class="unseen">: {name}</span>
        </summary>
        <form method="post" action="/account/passkeys/rename" class="row end">
          <input type="hidden" name="passkey_id" value={passkey.id} />
          <div class="body">
            <label for={`name-${passkey.id}`}>Name</label>
            <input id={`name-${passkey.id}`} name="name" maxlength={120} required value={passkey.name ?? ''} />
          </div>
          <button type="submit" class="quiet">
            Rename
          </button>
        </form>
        <form method="post" action="/account/passkeys/remove">
          <input type="hidden" name="nonce" value={nonce} />
          <input type="hidden" name="passkey_id" value={passkey.id} />
          <button type="submit" class="danger less" aria-label={`Remove ${name}`}>
            Remove
          </button>
        </form>
      </details>
    </li>
  );
}
