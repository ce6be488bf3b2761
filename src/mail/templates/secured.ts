import { button, compose, facts, type MailContent, paragraph, smallPrint, spelledOut } from './layout.ts';
import { accountAt, checkedLink, outsideText, plainName, readableTime } from './values.ts';

/** What the address is to the account after a report: its own; its own until now; or once, or never, its own. */
export type SecuredRole = 'owner' | 'given_up' | 'other';

/** "This wasn't me" was said. `undone` and `notUndone` are lines; names in them may be a stranger's, and are cleaned here. */
export interface SecuredMail {
  readonly role: SecuredRole;
  readonly productName: string;
  readonly signInLink: string;
  readonly when: string;
  readonly undone: readonly string[];
  readonly notUndone: readonly string[];
}

/** So many lines of a list; a mail is no inventory. */
const MAX_LINES = 20;

/**
 * The mail that tells every address involved that an account was secured. It has no "this wasn't me" of its own: a report
 * is not undone by a report. What was in the account is told to its own address alone.
 * @throws TypeError when the link is not http(s), or the time is not ISO 8601
 */
export function securedMail(mail: SecuredMail): MailContent {
  const account = accountAt(mail.productName);
  const time = facts([['Time', readableTime(mail.when)]]);
  if (mail.role === 'owner') return ownerMail(mail, account);
  if (mail.role === 'other') {
    return compose(`Every session of an account at ${plainName(mail.productName)} was ended`, [
      paragraph(
        `This address was that of an account, or still got its mails. From a mail about that account somebody said "this wasn't me": every session was ended, and what was added since was removed.`,
      ),
      time,
      paragraph(
        "If the account is yours, and a mail of ours to this address asks whether it was you, use its link as well: it can do more where this address was the account's for longer.",
      ),
    ]);
  }
  return compose(`This address is no longer that of an account at ${plainName(mail.productName)}`, [
    paragraph(
      'The address of the account was changed back, by a mail to an earlier one. You do not sign in with this address any more.',
    ),
    time,
    paragraph(
      'If you had changed the address yourself: sign in with a passkey or a provider that the account had before the change, and change the address again. From then on the old address cannot undo it.',
    ),
    smallPrint('If you know nothing of this account, you need to do nothing.'),
  ]);
}

function ownerMail(mail: SecuredMail, account: string): MailContent {
  const link = checkedLink(mail.signInLink);
  return compose(`Every session of ${account} was ended`, [
    paragraph(
      `From a mail about ${account} somebody said "this wasn't me". Every session was ended, also your own. What was there before stays.`,
    ),
    facts([['Time', readableTime(mail.when)], ...listed('Undone', mail.undone)]),
    ...(mail.notUndone.length > 0
      ? [paragraph('This was not undone. Look at it yourself:'), facts(listed('Left', mail.notUndone))]
      : []),
    button('To sign in again with this address, use this button.', 'Sign in', link),
    smallPrint('Then look through your account, and remove what you do not know.'),
    spelledOut(link),
  ]);
}

function listed(label: string, lines: readonly string[]): (readonly [string, string])[] {
  const rows = lines.slice(0, MAX_LINES).map((line) => [label, outsideText(line, 300)] as const);
  return lines.length > MAX_LINES ? [...rows, [label, `and ${lines.length - MAX_LINES} more`]] : rows;
}
