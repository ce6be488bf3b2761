/** What the list of connections and the page of one share. */
import type { ConnectionView } from '../../domain/oauth/views.ts';
import { type Health, healthBadges, nameOf } from './connection-words.ts';

export function HealthBadge({ health }: { readonly health: Health }) {
  const { text, look } = healthBadges[health];
  return <span class={look}>{text}</span>;
}

/** Scopes by name, each whole. */
export function Scopes({ scopes }: { readonly scopes: readonly string[] }) {
  return (
    <>
      {scopes.map((scope, index) => (
        <>
          {index > 0 ? ', ' : ''}
          <code>{scope}</code>
        </>
      ))}
    </>
  );
}

/** What is needed and was not granted, and what to do about it. */
export function MissingScopes({ missing }: { readonly missing: readonly string[] }) {
  if (missing.length === 0) return <></>;
  return (
    <p class="small">
      <strong>Missing:</strong> <Scopes scopes={missing} />. Connect again to add {missing.length > 1 ? 'them' : 'it'}.
    </p>
  );
}

interface OneConnection {
  readonly connection: ConnectionView;
  readonly nonce: string;
  readonly isQuiet?: boolean;
}

/** Connects the same account again, in place. */
export function ConnectAgain({ connection, nonce, isQuiet = false }: OneConnection) {
  return (
    <form method="post" action="/account/connections/connect">
      <input type="hidden" name="nonce" value={nonce} />
      <input type="hidden" name="connector" value={connection.connector} />
      <input type="hidden" name="connection_id" value={connection.id} />
      <button type="submit" class={isQuiet ? 'quiet less' : 'less'} aria-label={`Connect ${nameOf(connection)} again`}>
        Connect again
      </button>
    </form>
  );
}
