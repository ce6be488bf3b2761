import type { ConnectionView } from '../../domain/oauth/views.ts';
import { ConnectForm, type ConnectFormState } from './connect-form.tsx';
import { ConnectAgain, HealthBadge, MissingScopes } from './connection-parts.tsx';
import { accountName, healthOf, primaryOf, reasonOf } from './connection-words.ts';
import type { ConnectorView } from '../../domain/oauth/views.ts';
import { Alert, Moment, Notice } from './parts.tsx';
import { titleOfProvider } from './provider-names.ts';

export interface ConnectionsState {
  readonly connections: readonly ConnectionView[];
  readonly connectors: readonly ConnectorView[];
  readonly productName: string;
  readonly nonce: string;
  readonly timeZone: string;
  readonly notice: string | null;
  readonly problem: string | null;
  /** The form that was sent and refused. */
  readonly typed?: ConnectFormState;
}

/** What one can jump to. */
export const connectionsParts = [
  ['connected', 'Connected'],
  ['connect', 'Connect an account'],
] as const;

/** /account/connections: every connected account and how it is, and what else can be connected. */
export function ConnectionsView({ connections, connectors, notice, problem, ...state }: ConnectionsState) {
  const { productName, nonce, timeZone, typed } = state;
  return (
    <>
      {notice ? <Notice tone="good">{notice}</Notice> : null}
      {problem ? <Alert focus>{problem}</Alert> : null}
      <div class="head">
        <Crumbs />
        <h1>Connections</h1>
        <p class="soft">Accounts elsewhere that {productName} may use for you.</p>
      </div>
      <div class="columns">
        <Connected connections={connections} connectors={connectors} nonce={nonce} timeZone={timeZone} />
        <Connectable connections={connections} connectors={connectors} nonce={nonce} typed={typed} />
      </div>
    </>
  );
}

function Crumbs() {
  return (
    <nav class="crumbs small" aria-label="Where you are">
      <a href="/account#connections">Your account</a>
    </nav>
  );
}

type ConnectedState = Pick<ConnectionsState, 'connections' | 'connectors' | 'nonce' | 'timeZone'>;

function Connected({ connections, connectors, nonce, timeZone }: ConnectedState) {
  return (
    <section class="card stack" aria-labelledby="connected">
      <h2 id="connected">Connected</h2>
      {connections.length > 0 ? (
        <ul class="list">
          {connections.map((connection) => (
            <Item
              connection={connection}
              connector={connectors.find(({ name }) => name === connection.connector) ?? null}
              isOneOf={connections.filter(({ connector }) => connector === connection.connector)}
              nonce={nonce}
              timeZone={timeZone}
            />
          ))}
        </ul>
      ) : (
        <p class="small soft">None yet.</p>
      )}
    </section>
  );
}

interface ItemState {
  readonly connection: ConnectionView;
  readonly connector: ConnectorView | null;
  /** Every connection of that connector. */
  readonly isOneOf: readonly ConnectionView[];
  readonly nonce: string;
  readonly timeZone: string;
}

function Item({ connection, connector, isOneOf, nonce, timeZone }: ItemState) {
  const { id, accountId, lastUsedAt, grantedAt } = connection;
  const reason = reasonOf(connection);
  const name = accountName(connection);
  const isAmbiguous = isOneOf.filter((other) => accountName(other) === name).length > 1;
  const missing = connection.missingScopes;
  const isNeeded = connection.status !== 'active' || missing.length > 0;
  return (
    <li>
      <h3>
        <a href={`/account/connections/${id}`}>
          {titleOfProvider(connection.connector)}
          <span class="unseen">: {name}</span>
        </a>{' '}
        <HealthBadge health={healthOf(connection)} />{' '}
        {isOneOf.length > 1 && primaryOf(isOneOf) === connection ? <span class="badge plain">Primary</span> : null}
      </h3>
      <p class="small soft">
        {name} {isAmbiguous && name !== accountId ? `(${accountId}) ` : ''}· connected{' '}
        <Moment at={grantedAt} timeZone={timeZone} />
        {lastUsedAt ? (
          <>
            , last used <Moment at={lastUsedAt} timeZone={timeZone} />
          </>
        ) : null}
      </p>
      {reason ? <p class="small">{reason}</p> : null}
      <MissingScopes missing={missing} />
      {isNeeded && connector ? <ConnectAgain connection={connection} nonce={nonce} /> : null}
    </li>
  );
}

type ConnectableState = Pick<ConnectionsState, 'connections' | 'connectors' | 'nonce' | 'typed'>;

function Connectable({ connections, connectors, nonce, typed }: ConnectableState) {
  return (
    <section class="card stack" aria-labelledby="connect">
      <h2 id="connect">Connect an account</h2>
      {connectors.length > 0 ? (
        <ul class="list">
          {connectors.map((connector) => (
            <ConnectForm
              connector={connector}
              isAnother={connections.some(({ connector: name }) => name === connector.name)}
              nonce={nonce}
              typed={typed?.connector === connector.name ? typed : undefined}
            />
          ))}
        </ul>
      ) : (
        <p class="small soft">Nothing can be connected here.</p>
      )}
    </section>
  );
}
