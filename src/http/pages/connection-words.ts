/** What the API says of connections, in words for people. */
import type { ConnectionExplained, ConnectionView } from '../../domain/oauth/views.ts';
import { isOfClient } from '../../domain/oauth/refresh-failure.ts';
import { titleOfProvider } from './provider-names.ts';

export type Health = ConnectionExplained['health'];

/** Which of the account's own names people know it by, best first. */
const nameKeys = ['email', 'login', 'team_name', 'shop_domain'];

/** Whose account it is, in the words people know it by; its id where the provider told no other. */
export function accountName({ account, accountId }: ConnectionView): string {
  const known = nameKeys.map((key) => account[key]).find((value) => typeof value === 'string' && value !== '');
  return typeof known === 'string' ? known : accountId;
}

/** "Demo (ada@example.com)": the provider and the account, for buttons and headings that stand alone. */
export function nameOf(connection: ConnectionView): string {
  return `${titleOfProvider(connection.connector)} (${accountName(connection)})`;
}

/** How a connection is, as far as its row says. */
export function healthOf({ status, failingSince }: ConnectionView): Health {
  if (status !== 'active') return 'needs_reauthorization';
  return failingSince === null ? 'healthy' : 'failing';
}

/** Words and look of a state. */
export const healthBadges: Readonly<Record<Health, { readonly text: string; readonly look: string }>> = {
  healthy: { text: 'Healthy', look: 'badge' },
  failing: { text: 'Failing', look: 'badge bad' },
  paused: { text: 'Paused', look: 'badge plain' },
  needs_reauthorization: { text: 'Action needed', look: 'badge bad' },
};

/** Why it is so and what comes next, in plain words; null where there is nothing to say. */
export function reasonOf({ connector, status, failingSince }: ConnectionView): string | null {
  const title = titleOfProvider(connector);
  switch (status) {
    case 'expired':
      return `The access that ${title} gave has run out. Connect the account again.`;
    case 'revoked':
      return `${title} no longer takes this connection: its access was ended there. Connect the account again.`;
    case 'error':
      return 'What is stored here for this account cannot be used. Connect the account again.';
    case 'active':
      return failingSince === null ? null : `${title} gives no new access just now. We try again by ourselves.`;
  }
}

/** The same where all that is known may be looked at: a provider that is left alone for a while counts first. */
export function explainedReasonOf({ connection, failure, paused, nextRefreshAt }: ConnectionExplained): string {
  const title = titleOfProvider(connection.connector);
  // Of the deployment's client a connection keeps no such mark.
  if (connection.status === 'active' && failure && isOfClient(failure)) {
    return `${title} does not take the client that this account was linked with. Link it again with the right client id and secret.`;
  }
  if (connection.status === 'active' && paused) {
    return paused.class === 'configuration'
      ? `${title} does not take this service itself, whoever asks. Its operator has to look; you need do nothing.`
      : `${title} does not answer just now. We try again by ourselves; you need do nothing.`;
  }
  const reason = reasonOf(connection);
  if (reason !== null) return reason;
  if (nextRefreshAt !== null) return 'The connection works, and is refreshed by itself before its access runs out.';
  return connection.expiresAt === null
    ? 'The connection works.'
    : `The connection works until its access runs out. ${title} gives no way to refresh it: then connect the account again.`;
}

/** What a failed refresh was, by its class. */
export function failureWords(failureClass: unknown, title: string): string {
  switch (failureClass) {
    case 'permanent':
      return `${title} said that the access is over.`;
    case 'configuration':
      return `${title} did not take the client that asked.`;
    case 'transient':
      return `${title} could not answer.`;
    case 'ambiguous':
      return `No answer came from ${title} that could be read.`;
    default:
      return 'It did not work.';
  }
}

/** Which of one connector's connections is meant where no account is named: the flagged, else the earliest that works. */
export function primaryOf(connections: readonly ConnectionView[]): ConnectionView | undefined {
  return (
    connections.find(({ isPrimary }) => isPrimary) ??
    connections.find(({ status }) => status === 'active') ??
    connections[0]
  );
}
