/**
 * How mails are put together: of blocks that know their text and their HTML, so that the two parts say the same. HTML
 * is written with `hono/html`, which escapes every value: none can become markup.
 */
import { html } from 'hono/html';

import type { MailMessage } from '../mailer.ts';

/** A mail without its recipient, who is the caller's business. */
export type MailContent = Omit<MailMessage, 'to'>;

type Markup = ReturnType<typeof html>;

/** One part of a mail, in both forms. An empty `text` is left out. */
export interface Block {
  readonly text: string;
  readonly html: Markup;
}

/** Inline styles, since mail programs drop style sheets; system fonts and no image, so nothing is fetched on opening. */
const STYLE = {
  body: 'margin:0;padding:32px 16px;background-color:#f4f4f5;font-family:system-ui,-apple-system,Segoe UI,Roboto,Helvetica,Arial,sans-serif',
  card: 'max-width:480px;margin:0 auto;padding:32px;background-color:#ffffff;border-radius:12px;border:1px solid #e4e4e7',
  title: 'margin:0 0 16px;font-size:22px;line-height:1.3;font-weight:600;color:#18181b',
  text: 'margin:0 0 16px;font-size:16px;line-height:1.5;color:#27272a',
  facts:
    'margin:0 0 16px;padding:16px;font-size:16px;line-height:1.5;color:#27272a;background-color:#f4f4f5;border-radius:8px;overflow-wrap:anywhere',
  small: 'margin:16px 0 0;font-size:14px;line-height:1.5;color:#52525b;overflow-wrap:anywhere',
  link: 'color:#1d4ed8',
  button:
    'display:inline-block;padding:14px 28px;font-size:16px;font-weight:600;color:#ffffff;background-color:#1d4ed8;border-radius:8px;text-decoration:none',
  code: 'margin:0 0 24px;padding:16px;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:32px;font-weight:600;letter-spacing:6px;text-align:center;color:#18181b;background-color:#f4f4f5;border-radius:8px',
} as const;

/** The whole mail: its title is subject, first line of the text and heading of the page. */
export function compose(title: string, blocks: readonly Block[]): MailContent {
  const lines = [title, ...blocks.map((block) => block.text).filter(Boolean)];
  const content = html`${blocks.map((block) => block.html)}`;
  return { subject: title, text: `${lines.join('\n\n')}\n`, html: page(title, content) };
}

export function paragraph(text: string): Block {
  return { text, html: html`<p style="${STYLE.text}">${text}</p>` };
}

export function smallPrint(text: string): Block {
  return { text, html: html`<p style="${STYLE.small}">${text}</p>` };
}

/** A button under a sentence that calls it "this button"; the text part has the link itself and calls it that. */
export function button(lead: string, label: string, link: string): Block {
  return {
    text: `${lead.replace('this button', 'this link')}\n\n${link}`,
    html: html`<p style="${STYLE.text}">${lead}</p>
      <p style="margin:24px 0">
        <a href="${link}" style="${STYLE.button}">${label}</a>
      </p>`,
  };
}

/** The button's link once more, for mail programs that show no buttons; the text part has it already. */
export function spelledOut(link: string): Block {
  return {
    text: '',
    html: html`<p style="${STYLE.small}">
      Button not working? Copy this address into your browser:<br /><a href="${link}" style="${STYLE.link}">${link}</a>
    </p>`,
  };
}

export function codeBox(code: string): Block {
  return { text: code, html: html`<p style="${STYLE.code}">${code}</p>` };
}

/** Labelled values, one a line; in the HTML too, since RFC 5322 §2.1.1 ends lines at 998 characters. */
export function facts(rows: readonly (readonly [label: string, value: string])[]): Block {
  return {
    text: rows.map(([label, value]) => `${label}: ${value}`).join('\n'),
    html: html`<p style="${STYLE.facts}">
      ${rows.flatMap(([label, value]) => [html`<strong>${label}:</strong> ${value}<br />`, '\n'])}
    </p>`,
  };
}

/** `format-detection`: iOS makes links of what it takes for a phone number, a date or a place; ours are written out. */
function page(title: string, content: Markup): string {
  const markup = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light" />
        <meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no" />
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
