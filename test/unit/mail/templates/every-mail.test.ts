import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { checkMessage } from '../../../../src/mail/mailer.ts';
import { elementsOf, everyMail, hostileText, visibleText } from './mails.ts';

describe.each(everyMail)('the mail "$name"', ({ make, link }) => {
  it('has a subject of one line that names the product, and is fit to send', () => {
    const mail = make('Acme');
    expect(mail.subject).toMatch(/^[^\r\n]*Acme[^\r\n]*$/);
    expect(() => checkMessage({ to: 'ada@example.com', ...mail })).not.toThrow();
  });

  it('loads nothing from elsewhere and runs nothing', () => {
    const { html } = make('Acme');
    expect(html).not.toMatch(
      /<(img|script|style|link|iframe|form|object|svg|video|base)|url\(|src|@import|background=/i,
    );
    expect(html).not.toMatch(/http-equiv|\son[a-z]+=/i);
  });

  it('leads to one address and no other', () => {
    const { text, html } = make('Acme');
    const hrefs = [...html.matchAll(/href="([^"]*)"/g)].map((match) => match[1]?.replaceAll('&amp;', '&'));
    expect([...new Set(hrefs)]).toEqual(link === null ? [] : [link]);
    expect(text.match(/\S+:\/\/\S+/g)).toEqual(link === null ? null : [link]);
  });

  it('says all of it in the text part alone, with nothing of HTML in it', () => {
    const { subject, text, html } = make('Acme');
    expect(text.startsWith(`${subject}\n\n`)).toBe(true);
    expect(text.replace(link ?? '', '')).not.toMatch(/<|&|button|undefined|null|\[object/);
    const words = (part: string) => new Set(part.replaceAll('this button', 'this link').match(/[\p{L}\d]+/gu));
    const [onlyForButtons, label] = [/Button not working\? Copy this address into your browser:/, />([^<]*)<\/a>/];
    const seen = visibleText(html.replace(onlyForButtons, '').replace(label, '></a>'));
    const inText = words(text);
    expect([...words(seen)].filter((word) => !inText.has(word))).toEqual([]);
  });

  it('has a language, a title and one heading', () => {
    const { subject, html } = make('Acme');
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain('<html lang="en">');
    expect(html).toContain(`<title>${subject}</title>`);
    expect(html.match(/<h1/g)).toHaveLength(1);
    expect(html).not.toMatch(/undefined|null|\[object/);
  });

  it('has no line longer than a mail may have, however long the name', () => {
    const { text, html } = make('"'.repeat(5000));
    for (const line of [...text.split('\n'), ...html.split('\n')])
      expect(new TextEncoder().encode(line).length).toBeLessThan(999);
  });

  it('keeps every product name a name: no markup, no header, no second line (CVE-2022-31127)', () => {
    const expected = make('Acme');
    fc.assert(
      fc.property(hostileText, (productName) => {
        const made = make(productName);
        expect(elementsOf(made.html)).toEqual(elementsOf(expected.html));
        expect(made.text.split('\n')).toHaveLength(expected.text.split('\n').length);
        expect(() => checkMessage({ to: 'ada@example.com', ...made })).not.toThrow();
      }),
    );
  });

  it('still reads well where the product has no name', () => {
    const { subject } = make('\u202E');
    expect(subject).toMatch(/your account/);
    expect(subject).not.toMatch(/your your|account account/);
  });
});
