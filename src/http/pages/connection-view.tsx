import type { ConnectionExplained, ConnectionView } from '../../domain/oauth/views.ts';
import { ConnectionActions } from './connection-actions.tsx';
import { Evidence, Trail } from './connection-evidence.tsx';
import { HealthBadge, Scopes } from './connection-parts.tsx';
import { accountName, explainedReasonOf, primaryOf } from './connection-words.ts';
import type { ConnectorView } from '../../domain/oauth/views.ts';
import { Alert, Notice } from './parts.tsx';
import { titleOfProvider } from './provider-names.ts';

export interface ConnectionState {
  readonly explained: ConnectionExplained;
  /** Every connection of the same connector, this one among them. */
  readonly isOneOf: readonly ConnectionView[];
  /** Null where it is not set up here any more. */
  readonly connector: ConnectorView | null;
  readonly nonce: string;
  readonly timeZone: string;
  /** Whose connection it is. */
  readonly ownerId: string;
  readonly notice: string | null;
  readonly problem: string | null;
}

/** What one can jump to. */
export const connectionParts = [
  ['state', 'How it is'],
  ['permissions', 'Permissions'],
  ['evidence', 'Evidence'],
  ['trail', 'What happened'],
] as const;

/** /account/connections/<id>: how one connection is and why, what can be done with it, and what happened to it. */
export function ConnectionPage({ explained, isOneOf, connector, notice, problem, ...state }: ConnectionState) {
  const { connection } = explained;
  const missing = connection.missingScopes;
  const title = titleOfProvider(connection.connector);
  const isPrimary = isOneOf.length > 1 && primaryOf(isOneOf)?.id === connection.id;
  return (
    <>
      {notice ? <Notice tone="good">{notice}</Notice> : null}
      {problem ? <Alert focus>{problem}</Alert> : null}
      <Head title={title} account={accountName(connection)} />
      <div class="columns">
        <div>
          <section class="card stack" aria-labelledby="state">
            <h2 id="state">
              How it is <HealthBadge health={explained.health} />{' '}
              {isPrimary ? <span class="badge plain">Primary</span> : null}
            </h2>
            <p>{explainedReasonOf(explained)}</p>
            <ConnectionActions
              connection={connection}
              connector={connector}
              isComplete={missing.length === 0}
              canBePrimary={isOneOf.length > 1 && !isPrimary}
              nonce={state.nonce}
            />
          </section>
          <Permissions granted={connection.scopes} missing={missing} title={title} />
        </div>
        <div>
          <Evidence explained={explained} timeZone={state.timeZone} />
          <Trail explained={explained} timeZone={state.timeZone} ownerId={state.ownerId} />
        </div>
      </div>
    </>
  );
}

function Head({ title, account }: { readonly title: string; readonly account: string }) {
  return (
    <div class="head">
      <nav class="crumbs small" aria-label="Where you are">
        <a href="/account#connections">Your account</a> <a href="/account/connections">Connections</a>
      </nav>
      <h1>{title}</h1>
      <p class="soft">{account}</p>
    </div>
  );
}

interface PermissionsState {
  readonly granted: readonly string[];
  readonly missing: readonly string[];
  readonly title: string;
}

/** What was granted against what is needed. */
function Permissions({ granted, missing, title }: PermissionsState) {
  return (
    <section class="card stack" aria-labelledby="permissions">
      <h2 id="permissions">Permissions</h2>
      {missing.length > 0 ? (
        <p>
          Some of what is needed was not granted. Connect again, and allow {missing.length > 1 ? 'them' : 'it'} at{' '}
          {title}.
        </p>
      ) : (
        <p class="small soft">All that is needed was granted.</p>
      )}
      <dl class="facts">
        {missing.length > 0 ? (
          <>
            <dt>Missing</dt>
            <dd>
              <Scopes scopes={missing} />
            </dd>
          </>
        ) : null}
        <dt>Granted</dt>
        <dd>{granted.length > 0 ? <Scopes scopes={granted} /> : 'nothing by name'}</dd>
      </dl>
    </section>
  );
}
