/** What mails say. HTML is written with `hono/html`, which escapes every value: none can become markup. */
import { html } from 'hono/html';

import type { MailMessage } from './mailer.ts';

/** What a sign-in mail is about. `minutes` is how long link and code are good for. */
export type SignInMail =
  | {
      readonly kind: 'sign_in' | 'sign_up';
      readonly productName: string;
      readonly link: string;
      readonly code: string;
      readonly minutes: number;
    }
  | { readonly kind: 'sign_up_closed'; readonly productName: string };

const WORDS = {
  sign_in: { subject: 'Sign in to', button: 'Sign in', lead: 'Use this button to sign in. It works once.' },
  sign_up: {
    subject: 'Finish signing up for',
    button: 'Create my account',
    lead: 'Use this button to create your account and sign in. It works once.',
  },
} as const;

const UNASKED =
  'If you did not ask for this, ignore this mail and pass the code on to nobody: without it, or the link, nobody gets in.';

/**
 * The mail that answers a request to sign in: subject, text part and HTML part, to be addressed by the caller.
 * `sign_up_closed` goes to an address without an account where new accounts are not open; it carries no link.
 * @throws TypeError when the link is not http(s), the code not digits, or the minutes not a positive integer
 */
export function signInMail(mail: SignInMail): Omit<MailMessage, 'to'> {
  const product = plainName(mail.productName);
  if (mail.kind === 'sign_up_closed') return closedMail(product);
  const { link, code, minutes } = checked(mail);
  const { subject, button, lead } = WORDS[mail.kind];
  const expiry = `The link and the code are good for ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
  const title = `${subject} ${product}`;
  // Where the code belongs is said with it: it is what somebody who phishes would ask for.
  const codeLead = `Signing in on another device? Type this code there, and only at ${new URL(link).host}:`;
  return {
    subject: title,
    text:
      [title, `${lead.replace('button', 'link')}\n\n${link}`, `${codeLead}\n\n${code}`, expiry, UNASKED].join('\n\n') +
      '\n',
    html: page(
      title,
      html`<p style="${STYLE.text}">${lead}</p>
        <p style="margin:24px 0">
          <a href="${link}" style="${STYLE.button}">${button}</a>
        </p>
        <p style="${STYLE.text}">${codeLead}</p>
        <p style="${STYLE.code}">${code}</p>
        <p style="${STYLE.text}">${expiry}</p>
        <p style="${STYLE.small}">${UNASKED}</p>
        <p style="${STYLE.small}">
          Button not working? Copy this address into your browser:<br /><a href="${link}" style="${STYLE.link}"
            >${link}</a
          >
        </p>`,
    ),
  };
}

function closedMail(product: string): Omit<MailMessage, 'to'> {
  const title = `Signing in to ${product}`;
  const lines = [
    `Somebody, perhaps you, asked to sign in to ${product} with this address. There is no account for it, and new accounts are not open at the moment.`,
    'If you have an account, sign in with the address you registered. If you did not ask for this, ignore this mail.',
  ] as const;
  return {
    subject: title,
    text: `${[title, ...lines].join('\n\n')}\n`,
    html: page(title, html`${lines.map((line) => html`<p style="${STYLE.text}">${line}</p>`)}`),
  };
}

/** Inline styles, since mail programs drop style sheets; system fonts and no image, so nothing is fetched on opening. */
const STYLE = {
  body: 'margin:0;padding:32px 16px;background-color:#f4f4f5;font-family:system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif',
  card: 'max-width:480px;margin:0 auto;padding:32px;background-color:#ffffff;border-radius:12px;border:1px solid #e4e4e7',
  title: 'margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:600;color:#18181b',
  text: 'margin:0 0 16px;font-size:16px;line-height:1.5;color:#27272a',
  small: 'margin:16px 0 0;font-size:14px;line-height:1.5;color:#52525b;overflow-wrap:anywhere',
  link: 'color:#1d4ed8',
  button:
    'display:inline-block;padding:14px 28px;font-size:16px;font-weight:600;color:#ffffff;background-color:#1d4ed8;border-radius:8px;text-decoration:none',
  code: 'margin:0 0 24px;padding:16px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:32px;font-weight:600;letter-spacing:6px;text-align:center;color:#18181b;background-color:#f4f4f5;border-radius:8px',
} as const;

function page(title: string, content: ReturnType<typeof html>): string {
  const markup = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light" />
        <title>${title}</title>
      </head>
      <body style="${STYLE.body}">
        <main style="${STYLE.card}">
          <h1 style="${STYLE.title}">${title}</h1>
          ${content}
        </main>
      </body>
    </html> `;
  // hono/html gives a promise where a value is one; none is here, and "[object Promise]" must not be mailed.
  if (markup instanceof Promise) throw new TypeError('A mail has no values to wait for.');
  return markup.toString();
}

/** Whatever is set as the product's name, it stays a name: one line, no control or format character, at most 60 long. */
function plainName(name: string): string {
  const plain = name
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return Array.from(plain).slice(0, 60).join('') || 'your account';
}

function checked<Mail extends Extract<SignInMail, { link: string }>>(mail: Mail): Mail {
  // A "javascript:" address needs no markup to do harm.
  const isWeb = URL.canParse(mail.link) && /^https?:$/.test(new URL(mail.link).protocol);
  if (!isWeb || !/^[!-~]+$/.test(mail.link)) throw new TypeError('The link of a mail must be an http(s) URL.');
  if (!/^\d{4,10}$/.test(mail.code)) throw new TypeError('The code of a mail must be 4 to 10 digits.');
  if (!Number.isInteger(mail.minutes) || mail.minutes < 1)
    throw new TypeError('The minutes must be a positive integer.');
  return mail;
}
