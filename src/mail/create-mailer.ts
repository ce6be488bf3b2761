import { SettingError } from '../lib/keys.ts';
import { createCloudflareMailer, type SendEmailBinding } from './cloudflare.ts';
import { createDevelopmentMailer, type MailboxNamespace } from './development.ts';
import { checkSender, type Mailer, type Sender } from './mailer.ts';
import { createResendMailer } from './resend.ts';

/** What decides how mail is sent. */
export interface MailSettings {
  readonly environment: 'development' | 'production';
  readonly sender: Sender;
  /** The `[[send_email]]` binding. */
  readonly email?: SendEmailBinding;
  readonly resendApiKey?: string;
  /** The `DevelopmentMailbox` binding; looked at in development only. */
  readonly mailbox?: MailboxNamespace;
}

/**
 * The mailer of a deployment. Development: the mailbox, so that no real mail leaves by accident. Otherwise Resend where
 * its key is set (somebody chose it), else Cloudflare's binding.
 * @throws SettingError naming what is missing or malformed
 */
export function createMailer(settings: MailSettings): Mailer {
  const { environment, email, resendApiKey, mailbox } = settings;
  const sender = checkSender(settings.sender);
  if (environment === 'development') {
    if (!mailbox) throw new SettingError('DEVELOPMENT_MAILBOX', 'is not bound; development keeps its mail there');
    return createDevelopmentMailer(mailbox);
  }
  if (resendApiKey) return createResendMailer({ apiKey: resendApiKey, sender });
  if (email) return createCloudflareMailer(email, sender);
  throw new SettingError('EMAIL', 'is not bound (a [[send_email]] binding), and RESEND_API_KEY is not set either');
}
