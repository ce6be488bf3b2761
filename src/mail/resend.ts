import { checkMessage, MailError, type Mailer, type MailMessage, type Sender } from './mailer.ts';

/** `endpoint` is Resend's own and `timeoutMs` ten seconds unless given. */
export interface ResendSettings {
  readonly apiKey: string;
  readonly sender: Sender;
  readonly endpoint?: string;
  readonly timeoutMs?: number;
}

const ENDPOINT = 'https://api.resend.com/emails';
const TIMEOUT_MS = 10_000;

/** Sends through Resend's HTTP API. Its library is not used: it is many times the size of this file. */
export function createResendMailer(settings: ResendSettings): Mailer {
  return {
    async send(message) {
      checkMessage(message);
      const response = await post(settings, message);
      // The body is not read: on errors it repeats the recipient's address, and workerd wants it released.
      await response.body?.cancel();
      if (response.ok) return;
      const isFinal = response.status < 500 && ![408, 409, 429].includes(response.status);
      throw new MailError(
        isFinal ? 'rejected' : 'unavailable',
        `Resend did not take the mail (HTTP ${response.status}).`,
      );
    },
  };
}

async function post({ apiKey, sender, endpoint, timeoutMs }: ResendSettings, message: MailMessage): Promise<Response> {
  const { to, subject, text, html } = message;
  // A quoted-string (RFC 5322 §3.2.4): unescaped, a name such as `a" <b@evil.example>` would be another sender.
  const from = sender.name ? `"${sender.name.replace(/["\\]/g, '\\$&')}" <${sender.email}>` : sender.email;
  try {
    return await fetch(endpoint ?? ENDPOINT, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ from, to: [to], subject, text, html }),
      // A redirect would carry the key along.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs ?? TIMEOUT_MS),
    });
  } catch (error) {
    const timedOut = error instanceof DOMException && error.name === 'TimeoutError';
    throw new MailError('unavailable', timedOut ? 'Resend did not answer in time.' : 'Resend could not be reached.');
  }
}
