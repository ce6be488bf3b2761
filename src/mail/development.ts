import { checkMessage, type Mailer, type MailMessage } from './mailer.ts';

/** The part of the `DevelopmentMailbox` namespace that is used for sending. */
export interface MailboxNamespace<Stub = { add(message: MailMessage): Promise<void> | void }> {
  getByName(name: string): Stub;
}

/** The one mailbox of a development server. */
export function developmentMailbox<Stub>(namespace: MailboxNamespace<Stub>): Stub {
  return namespace.getByName('mailbox');
}

/** Keeps mails in the development mailbox, with the same checks as a real carrier. */
export function createDevelopmentMailer(namespace: MailboxNamespace): Mailer {
  return {
    async send(message) {
      checkMessage(message);
      const { to, subject, text, html } = message;
      await developmentMailbox(namespace).add({ to, subject, text, html });
    },
  };
}
