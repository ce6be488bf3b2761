import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { checkMessage } from '../../../src/mail/mailer.ts';
import { signInMail, type SignInMail } from '../../../src/mail/templates.ts';

const link = 'https://account.example.com/sign-in#token=abc&x="1"';
const mail = {
  kind: 'sign_in',
  productName: 'Acme',
  link: link.replaceAll('"', '%22'),
  code: '012345',
  minutes: 10,
} as const;

/** Names of all elements and attributes of a document, as a browser's tokenizer would see them. */
const elementsOf = (html: string) => [...html.matchAll(/<([a-z0-9]+)/gi)].map((match) => match[1]);

describe('the sign-in mail', () => {
  it('carries link, code and expiry in both parts, and what to do if nobody asked', () => {
    const { subject, text, html } = signInMail(mail);
    expect(subject).toBe('Sign in to Acme');
    for (const part of [text, html]) {
      expect(part).toContain('012345');
      expect(part).toContain('10 minutes');
      expect(part).toContain('ignore this mail');
    }
    expect(text).toContain('only at account.example.com:\n\n012345\n');
    expect(text).toContain(`\n${mail.link}\n`);
    expect(html).toContain(`href="${mail.link.replaceAll('&', '&amp;')}"`);
  });

  it('speaks of a new account when it makes one', () => {
    const { subject, html } = signInMail({ ...mail, kind: 'sign_up' });
    expect(subject).toBe('Finish signing up for Acme');
    expect(html).toContain('Create my account');
  });

  it('tells, where sign-up is closed, without a link or a code', () => {
    const { text, html } = signInMail({ kind: 'sign_up_closed', productName: 'Acme' });
    for (const part of [text, html]) {
      expect(part).toContain('new accounts are not open');
      expect(part).not.toMatch(/https?:|href|\d{4,}\./);
    }
  });

  it('says "1 minute"', () => {
    expect(signInMail({ ...mail, minutes: 1 }).text).toContain('1 minute.');
  });

  it('loads nothing from elsewhere and runs nothing', () => {
    const { html } = signInMail(mail);
    expect(elementsOf(html)).not.toEqual(expect.arrayContaining(['img']));
    expect(html).not.toMatch(/<(img|script|style|link|iframe|form)|url\(|src=|@import/i);
  });

  it('has a language, a title, one heading and real text for the link', () => {
    const { html } = signInMail(mail);
    expect(html).toMatch(/^<!doctype html>/);
    expect(html).toContain('<html lang="en">');
    expect(html.match(/<h1/g)).toHaveLength(1);
    expect(html).toContain('>Sign in</a>');
  });

  it('keeps every product name a name: no markup, no header, no second line (CVE-2022-31127)', () => {
    const hostile = fc.oneof(
      fc.constantFrom(
        '<img src=x onerror=alert(1)>',
        '"><script>',
        '</h1><a href="https://evil.example">',
        "' onmouseover='x",
        '&lt;b&gt;',
        'A\r\nBcc: b@evil.example',
        '${7*7}',
        '\u202Eevil',
        '\u2028x',
      ),
      fc.string({ unit: 'binary' }),
    );
    const kind = fc.constantFrom<SignInMail>(
      { ...mail },
      { ...mail, kind: 'sign_up' },
      { kind: 'sign_up_closed', productName: '' },
    );
    fc.assert(
      fc.property(hostile, kind, (productName, base) => {
        const made = signInMail({ ...base, productName });
        expect(elementsOf(made.html)).toEqual(elementsOf(signInMail({ ...base, productName: 'Acme' }).html));
        expect(made.text.split('\n')).toHaveLength(
          signInMail({ ...base, productName: 'Acme' }).text.split('\n').length,
        );
        expect(() => checkMessage({ to: 'ada@example.com', ...made })).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ['a script as link', { link: 'javascript:alert(1)' }],
    ['a data link', { link: 'data:text/html,<b>x</b>' }],
    ['a link of two lines', { link: 'https://account.example.com/\nhttps://evil.example' }],
    ['a link without a scheme', { link: 'account.example.com' }],
    ['a code with markup', { code: '<b>1</b>' }],
    ['a code with more digits than ours', { code: '12345678901' }],
    ['minutes that are none', { minutes: 0 }],
    ['half a minute', { minutes: 0.5 }],
  ])('refuses %s', (_, wrong) => {
    expect(() => signInMail({ ...mail, ...wrong })).toThrow(TypeError);
  });
});
