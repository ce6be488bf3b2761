/** Sending mail: one interface, and a check that every implementation makes first. */
import { SettingError } from '../lib/keys.ts';
import { emailAddress, isStorable } from '../lib/text.ts';

/** One mail to one person. `html` is a whole document, already escaped; `text` says the same. */
export interface MailMessage {
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly html: string;
}

export interface Mailer {
  /** Hands the mail to the carrier. @throws MailError */
  send(message: MailMessage): Promise<void>;
}

/** Who the mail is from: an address of ours and, for people to see, a name. */
export interface Sender {
  readonly email: string;
  readonly name?: string;
}

/**
 * Why a mail was not handed over: `invalid` (the message itself, nothing was sent), `rejected` (the carrier will never
 * take it), `unavailable` (it may, later; perhaps it even did).
 */
export type MailErrorCode = 'invalid' | 'rejected' | 'unavailable';

/** The one error of sending. Its message holds no address and no content: it goes into logs. */
export class MailError extends Error {
  readonly code: MailErrorCode;

  constructor(code: MailErrorCode, message: string) {
    super(message);
    this.name = 'MailError';
    this.code = code;
  }
}

// RFC 5322 §2.1.1 allows a line 998 characters; people's mail programs show a tenth.
const MAX_SUBJECT = 200;
const MAX_BODY = 256 * 1024;

/** Refuses what could add a header, a recipient or an unreadable body. @throws MailError `invalid` */
export function checkMessage(message: MailMessage): void {
  if (!isHeaderSafe(message.to) || emailAddress.safeParse(message.to).data !== message.to) {
    throw new MailError('invalid', 'The recipient is not one plain e-mail address.');
  }
  if (!message.subject.trim() || message.subject.length > MAX_SUBJECT || !isHeaderSafe(message.subject)) {
    throw new MailError('invalid', `The subject must be one line of 1 to ${MAX_SUBJECT} characters.`);
  }
  for (const part of ['text', 'html'] as const) {
    if (!message[part].trim() || message[part].length > MAX_BODY || !isStorable(message[part])) {
      throw new MailError('invalid', `The ${part} part is empty, too long or not well-formed.`);
    }
  }
}

/**
 * Checks who mail is from, once at start.
 * @throws SettingError naming `MAIL_FROM` or, for the display name, `PRODUCT_NAME`
 */
export function checkSender(sender: Sender): Sender {
  if (emailAddress.safeParse(sender.email).data !== sender.email) {
    throw new SettingError('MAIL_FROM', 'must be one plain e-mail address');
  }
  if (sender.name !== undefined && (!isHeaderSafe(sender.name) || sender.name.length > 100)) {
    throw new SettingError('PRODUCT_NAME', 'must be one line of at most 100 characters');
  }
  return sender;
}

/** No control or line-separating character (CR and LF end a header), no lone surrogate. */
function isHeaderSafe(text: string): boolean {
  return text.isWellFormed() && !/[\p{Cc}\u2028\u2029]/u.test(text);
}
