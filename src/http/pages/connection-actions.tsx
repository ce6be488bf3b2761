import type { ConnectionView } from '../../domain/oauth/views.ts';
import { ConnectAgain } from './connection-parts.tsx';
import { nameOf } from './connection-words.ts';
import type { ConnectorView } from '../../domain/oauth/views.ts';
import { canRevoke, titleOfProvider } from './provider-names.ts';

interface ActionsState {
  readonly connection: ConnectionView;
  /** Null where it is not set up here any more: then it can only be disconnected. */
  readonly connector: ConnectorView | null;
  /** All that is needed was granted. */
  readonly isComplete: boolean;
  /** One of several accounts there, and not the one that is meant by default. */
  readonly canBePrimary: boolean;
  readonly nonce: string;
}

/** What can be done with a connection. What is needed comes first; to disconnect takes a second press. */
export function ConnectionActions({ connection, connector, isComplete, canBePrimary, nonce }: ActionsState) {
  const isActive = connection.status === 'active';
  const title = titleOfProvider(connection.connector);
  return (
    <>
      {connector ? (
        <div class="row">
          <ConnectAgain connection={connection} nonce={nonce} isQuiet={isActive && isComplete} />
          {isActive ? <Press action="refresh" connection={connection} label="Refresh now" /> : null}
          {canBePrimary ? <Press action="primary" connection={connection} label="Make primary" /> : null}
        </div>
      ) : (
        <p class="small soft">{title} is not set up here any more, so this account can only be disconnected.</p>
      )}
      {canBePrimary && connector ? (
        <p class="small soft">The primary account is the one that is used where none is named.</p>
      ) : null}
      <Disconnect connection={connection} nonce={nonce} />
    </>
  );
}

interface PressState {
  readonly action: 'refresh' | 'primary';
  readonly connection: ConnectionView;
  readonly label: string;
}

function Press({ action, connection, label }: PressState) {
  return (
    <form method="post" action={`/account/connections/${action}`}>
      <input type="hidden" name="connection_id" value={connection.id} />
      <button type="submit" class="quiet less">
        {label}
      </button>
    </form>
  );
}

function Disconnect({ connection, nonce }: { readonly connection: ConnectionView; readonly nonce: string }) {
  const title = titleOfProvider(connection.connector);
  return (
    <details>
      <summary>Disconnect…</summary>
      <form method="post" action="/account/connections/disconnect" class="stack">
        <p class="small">
          Its tokens are erased here at once, and whatever uses this account stops working.{' '}
          {canRevoke(connection.connector)
            ? `${title} is told to end the access.`
            : `${title} cannot be told: end the access in your settings there as well.`}
        </p>
        <button type="submit" class="danger less">
          Disconnect {nameOf(connection)}
        </button>
        <input type="hidden" name="nonce" value={nonce} />
        <input type="hidden" name="connection_id" value={connection.id} />
      </form>
    </details>
  );
}
