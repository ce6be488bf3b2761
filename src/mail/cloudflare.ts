import { checkMessage, MailError, type Mailer, type Sender } from './mailer.ts';

/** The part of a `[[send_email]]` binding that is used: the structured form of Cloudflare Email Service. */
export interface SendEmailBinding {
  send(message: {
    to: string;
    from: string | { email: string; name: string };
    subject: string;
    text: string;
    html: string;
  }): Promise<unknown>;
}

/** Codes after which a later attempt can succeed (Email Service, Workers API, "Error codes"); others are final. */
const TRANSIENT = new Set([
  'E_RATE_LIMIT_EXCEEDED',
  'E_DAILY_LIMIT_EXCEEDED',
  'E_DELIVERY_FAILED',
  'E_INTERNAL_SERVER_ERROR',
]);

/** Sends through Cloudflare's own binding. The sender's domain must be onboarded to Email Service. */
export function createCloudflareMailer(binding: SendEmailBinding, sender: Sender): Mailer {
  const from = sender.name ? { email: sender.email, name: sender.name } : sender.email;
  return {
    async send(message) {
      checkMessage(message);
      const { to, subject, text, html } = message;
      try {
        await binding.send({ to, from, subject, text, html });
      } catch (error) {
        throw failureOf(error);
      }
    },
  };
}

/** Keeps the code alone: the platform's message can hold the recipient's address. */
function failureOf(error: unknown): MailError {
  const given = error instanceof Error && 'code' in error ? error.code : undefined;
  const code = typeof given === 'string' && /^E_[A-Z_]{1,60}$/.test(given) ? given : null;
  const isFinal = code !== null && !TRANSIENT.has(code);
  return new MailError(
    isFinal ? 'rejected' : 'unavailable',
    `Cloudflare did not take the mail (${code ?? 'no code'}).`,
  );
}
