import { button, compose, facts, type MailContent, paragraph, smallPrint, spelledOut } from './layout.ts';
import { accountAt, checkedLink, outsideText, readableTime } from './values.ts';

/** What happened to an account: the words of `security_alerts.kind`, and `email_moved`, which tells of an email_changed. */
export type SecurityMailKind = keyof typeof WORDS;

/**
 * Something happened that the owner should know of, and may disown. `notMeLink` has its secret in the fragment; `when`
 * is ISO 8601. `device`, `place` ("Paris, FR") and `detail` may come from whoever did it, and are cleaned here. What
 * `detail` is depends on the kind: the new address, masked by the caller; the name of a provider, passkey or token.
 */
export interface SecurityMail {
  readonly kind: SecurityMailKind;
  readonly productName: string;
  readonly notMeLink: string;
  readonly when: string;
  readonly device: string | null;
  readonly place: string | null;
  readonly detail?: string | null;
}

interface Words {
  /** Stands before "your Acme account". */
  readonly subject: string;
  readonly lead: string;
  /** What `detail` is; without it there is none. */
  readonly detail?: string;
  /** What the button does not undo. */
  readonly remains?: string;
  /** Whether the device and the place are those of who did it. */
  readonly isElsewhere?: boolean;
}

const REPLACED = 'The token that it replaced does not come back: make a new one afterwards.';

const WORDS = {
  new_device: {
    subject: 'New sign-in to',
    lead: 'Somebody signed in from a device that this account has not seen before.',
  },
  email_changed: {
    subject: 'New address for',
    lead: 'The address of this account was changed. From now on, mail about it goes to the new one.',
    detail: 'New address',
  },
  email_changed_again: {
    subject: 'New address for',
    lead: 'The address of this account was changed again, after it had been changed back: by somebody who signed in with a passkey or a provider that is older than the first change.',
    detail: 'New address',
    remains: 'The address itself cannot be changed back from here any more.',
  },
  email_moved: {
    subject: 'This address was replaced in',
    lead: 'Somebody, perhaps you, asked to sign in with this address. The address of the account was changed, at the time below. Was it not you? Then undo it from here, and sign in as before.',
    detail: 'New address',
    isElsewhere: true,
  },
  passkey_added: {
    subject: 'Passkey added to',
    lead: 'A passkey was added. It can be used to sign in.',
    detail: 'Passkey',
  },
  passkey_removed: {
    subject: 'Passkey removed from',
    lead: 'A passkey was removed. It can no longer be used to sign in.',
    detail: 'Passkey',
    remains: 'A passkey that was removed does not come back: add it again afterwards.',
  },
  passkey_copied: {
    subject: 'Passkey refused for',
    lead: 'A passkey was refused: its counter went back, as it does when there is a copy of the passkey. Nobody got in by it.',
    detail: 'Passkey',
    remains: 'The passkey itself stays: if there may be a copy of it, remove it in your account and add a new one.',
  },
  account_linked: {
    subject: 'Provider linked to',
    lead: 'An account at another provider was linked. It can be used to sign in.',
    detail: 'Provider',
  },
  account_unlinked: {
    subject: 'Provider unlinked from',
    lead: 'An account at another provider was unlinked. It can no longer be used to sign in.',
    detail: 'Provider',
    remains: 'An account that was unlinked does not come back: link it again afterwards.',
  },
  token_created: {
    subject: 'API token created for',
    lead: 'An API token was created. Programs that have it can act for you.',
    detail: 'Token',
  },
  token_rotated: {
    subject: 'API token replaced for',
    lead: 'An API token was replaced by a new one. Programs that have the new one can act for you.',
    detail: 'Token',
    remains: REPLACED,
  },
  organization_token_created: {
    subject: 'Organisation token created by',
    lead: 'An API token of an organisation was created in your name. Programs that have it can act for the organisation.',
    detail: 'Token',
  },
  organization_token_rotated: {
    subject: 'Organisation token replaced by',
    lead: 'An API token of an organisation was replaced by a new one in your name. Programs that have the new one can act for the organisation.',
    detail: 'Token',
    remains: REPLACED,
  },
  service_token_created: {
    subject: 'Service token created by',
    lead: 'A service token was created in your name. Programs that have it can act for the whole deployment.',
    detail: 'Token',
  },
  service_token_rotated: {
    subject: 'Service token replaced by',
    lead: 'A service token was replaced in your name. Programs that have the new one can act for the whole deployment.',
    detail: 'Token',
    remains: REPLACED,
  },
} as const satisfies Record<string, Words>;

const NOT_ME = "This wasn't me";
const UNDONE =
  'passkeys, linked providers, connected accounts and services, and API tokens are removed, and a changed address is changed back. Linked services and connected accounts of the day before are among them, since no mail tells of those. The page lists all of it first, and you keep what was yours. You can then sign in again by mail.';

/**
 * The mail that tells the owner what happened, with one button to disown it. Following the button does nothing by
 * itself (scanners follow links); the page there asks for a click.
 * @throws TypeError when the link is not http(s) or has no fragment, or the time is not ISO 8601
 */
export function securityMail(mail: SecurityMail): MailContent {
  const words: Words = WORDS[mail.kind];
  const link = checkedLink(mail.notMeLink);
  // Elsewhere than in the fragment the secret would reach servers, their logs and mail scanners.
  if (new URL(link).hash.length < 2)
    throw new TypeError('The link of a security mail must have its secret in the fragment.');
  return compose(`${words.subject} ${accountAt(mail.productName)}`, [
    paragraph(words.lead),
    facts(happened(mail, words)),
    paragraph('If it was you, you need to do nothing.'),
    button('If it was not you, use this button. The page it opens asks once more.', NOT_ME, link),
    paragraph(
      `"${NOT_ME}" ends every session and undoes what was added since the earliest such mail that still waits for an answer: ${UNDONE}`,
    ),
    ...(words.remains ? [smallPrint(words.remains)] : []),
    spelledOut(link),
  ]);
}

/** Values from outside stand on lines of their own behind a label: inside a sentence they could change what it says. */
function happened(mail: SecurityMail, { detail, isElsewhere }: Words): (readonly [string, string])[] {
  const about = detail ? outsideText(mail.detail ?? '') : '';
  return [
    ...(detail && about ? [[detail, about] as const] : []),
    ...(isElsewhere
      ? []
      : ([
          ['Device', outsideText(mail.device ?? '') || 'unknown'],
          ['Place', outsideText(mail.place ?? '') || 'unknown'],
        ] as const)),
    ['Time', readableTime(mail.when)],
  ];
}
