import { maskedAddress, outsideText } from '../../mail/templates/values.ts';
import type { NotUndone, ReportedItem, ReportedKind } from './report-views.ts';

/** What `gatehouse.report_items` says of one thing. */
export interface StoredItem {
  readonly kind: Exclude<ReportedKind, 'email'>;
  readonly id: string;
  readonly name: string | null;
  readonly createdAt: string;
}

/** A change of the account's address. */
export interface StoredChange {
  readonly changeId: string;
  readonly previous: string;
  readonly current: string;
  readonly changedAt: string;
}

/** What `gatehouse.report_address` says: where the address goes back to, which changes that undoes, and which are kept. */
export interface StoredAddress {
  readonly previous: string | null;
  readonly current: string;
  readonly outcome: 'restored' | 'there' | 'other' | 'taken' | 'final' | 'kept' | 'outranked';
  readonly undone: readonly StoredChange[];
  readonly kept: readonly StoredChange[];
}

/** What `gatehouse.report_losses` says. */
export interface StoredLoss {
  readonly kind:
    | 'passkey_removed'
    | 'account_unlinked'
    | 'token_revoked'
    | 'token_rotated'
    | 'connection_disconnected'
    | 'integration_unlinked'
    | 'service_token_used';
  readonly count: number;
}

const nouns: Record<StoredItem['kind'], string> = {
  passkey: 'Passkey',
  social_account: 'Account to sign in with at',
  personal_token: 'API token',
  organization_token: 'API token of an organisation',
  service_token: 'API token of the deployment',
  connection: 'Connected account at',
  integration: 'Linked service',
};

/** What was added. Its name may be of whoever added it. */
export function itemOf({ kind, id, name, createdAt }: StoredItem): ReportedItem {
  const title = [nouns[kind], outsideText(name ?? '')].filter(Boolean).join(' ');
  return { kind, id, title, createdAt: new Date(createdAt).toISOString() };
}

/** A change of the address that is undone, or that the person keeps. */
export function addressItem({ changeId, previous, current, changedAt }: StoredChange): ReportedItem {
  const title = `Address changed from ${maskedAddress(previous)} to ${maskedAddress(current)}`;
  return { kind: 'email', id: changeId, title, createdAt: new Date(changedAt).toISOString() };
}

const lossWords: Record<StoredLoss['kind'], readonly [one: string, many: string, after: string, left?: string]> = {
  passkey_removed: ['passkey was removed', 'passkeys were removed', 'Add it again in your account.'],
  account_unlinked: ['linked provider was removed', 'linked providers were removed', 'Link it again in your account.'],
  token_revoked: ['API token was ended', 'API tokens were ended', 'Make a new one.'],
  token_rotated: ['API token was replaced', 'API tokens were replaced', 'Make a new one.'],
  connection_disconnected: [
    'connected account was disconnected',
    'connected accounts were disconnected',
    'Connect it again.',
  ],
  integration_unlinked: ['linked service was unlinked', 'linked services were unlinked', 'Link it again.'],
  service_token_used: [
    'API token that was made for the deployment or an organisation was used',
    'API tokens that were made for the deployment or an organisation were used',
    'Ask whoever runs it to look at that.',
    'what was done with it is not undone',
  ],
};

/** What was taken away or done before the report, and is not undone by it. */
export function lossOf({ kind, count }: StoredLoss): NotUndone {
  const [one, many, after, left = 'cannot be brought back'] = lossWords[kind];
  return { reason: kind, title: `${count} ${count === 1 ? one : many}, and ${left}. ${after}` };
}

/** Why the address stays as it is; null where it does not, or never changed. */
export function addressLeft(address: StoredAddress | null | undefined): NotUndone | null {
  if (!address) return null;
  const { outcome, current } = address;
  const changed = `The address stays ${maskedAddress(current)}`;
  const previous = maskedAddress(address.previous ?? '');
  switch (outcome) {
    case 'outranked':
      return {
        reason: 'email_outranked',
        title:
          'Nothing was changed: the account has, or had since, an address that was its own for longer than that of this mail. Use a mail about the account that went to that one.',
      };
    case 'other':
      return {
        reason: 'email_not_yours',
        title: `${changed}: this mail is older than the rules by which it could change it back. Use a newer one.`,
      };
    case 'taken':
      return {
        reason: 'email_taken',
        title: `${changed}: ${previous} belongs to another account by now. Ask the operator of this site.`,
      };
    case 'final':
      return {
        reason: 'email_final',
        title: `${changed}: the change was undone once and made again by a way of signing in that is older than it.`,
      };
    default:
      return null;
  }
}

const keptTogether: readonly ReportedItem['kind'][] = ['connection', 'integration'];

/** What the person ticked as their own; or a connection and the links on it, of which they ticked another part. */
export function keptItem(item: ReportedItem): NotUndone {
  const why = keptTogether.includes(item.kind) ? 'you kept it, or something that belongs with it' : 'as you said';
  return { reason: 'kept', title: `${item.title}, kept: ${why}` };
}
