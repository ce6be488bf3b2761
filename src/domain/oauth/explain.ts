import type { StoredFailure } from '../../db/schema/oauth.ts';
import { isOfClient } from './refresh-failure.ts';
import type { ConnectionExplained, ConnectionView } from './views.ts';

interface Evidence {
  readonly connection: ConnectionView;
  readonly lastFailure: StoredFailure | null;
  readonly failureCount: number;
  readonly nextRefreshAt: string | null;
  readonly paused: ConnectionExplained['paused'];
  readonly events: ConnectionExplained['events'];
}

const ended: Record<'expired' | 'revoked' | 'error', string> = {
  expired: 'The grant has run out. Connect the account again.',
  revoked: 'The provider no longer takes the grant: it was revoked there, or replaced. Connect the account again.',
  error: 'The stored tokens cannot be used. Connect the account again.',
};

/** What a connection's evidence comes to. */
export function explain(evidence: Evidence): ConnectionExplained {
  const { connection, lastFailure, failureCount, nextRefreshAt, events } = evidence;
  const paused = evidence.paused && { ...evidence.paused, openUntil: isoOf(evidence.paused.openUntil) };
  const failure = lastFailure && {
    class: lastFailure.class,
    code: lastFailure.code,
    status: lastFailure.status,
    at: isoOf(lastFailure.at),
  };
  return {
    connection,
    ...verdict(connection, failure, paused),
    failure,
    attempts: failureCount,
    nextRefreshAt,
    paused,
    events,
  };
}

function verdict(
  { status }: ConnectionView,
  failure: ConnectionExplained['failure'],
  paused: ConnectionExplained['paused'],
): Pick<ConnectionExplained, 'health' | 'summary'> {
  if (status !== 'active') return { health: 'needs_reauthorization', summary: ended[status] };
  // Of the deployment's client a connection keeps no such mark.
  if (failure && isOfClient(failure)) {
    return {
      health: 'failing',
      summary:
        'The provider does not take the client that this grant was linked with. Link it again with the right client id and secret.',
    };
  }
  if (paused?.class === 'configuration') {
    return {
      health: 'paused',
      summary: 'The provider does not take this deployment’s client. Its operator has to look.',
    };
  }
  if (paused) return { health: 'paused', summary: 'The provider does not answer. It is tried again by itself.' };
  if (failure) return { health: 'failing', summary: 'The last refresh did not work. It is tried again by itself.' };
  return { health: 'healthy', summary: 'The connection works.' };
}

/** Times inside JSON come in PostgreSQL's own spelling. */
function isoOf(moment: string): string {
  return new Date(moment).toISOString();
}
