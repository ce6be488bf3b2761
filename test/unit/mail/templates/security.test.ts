import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { checkMessage } from '../../../../src/mail/mailer.ts';
import { securityMail } from '../../../../src/mail/templates/security.ts';
import { elementsOf, happening, hostileText, securityKinds, securityMails, visibleText } from './mails.ts';

const cases = securityKinds.map((kind) => ({ kind, ...securityMails[kind] }));

describe.each(cases)('the security mail "$kind"', ({ kind, subject, says, detail: label }) => {
  const mail = securityMail({ kind, ...happening, detail: 'The detail' });
  const parts = [mail.text, visibleText(mail.html).replace(/:\n /g, ': ')];

  it('says in both parts what happened, where, on what and when', () => {
    expect(mail.subject).toBe(`${subject} your Acme account`);
    for (const part of parts) {
      expect(part).toContain(says);
      expect(part).toContain('\nTime: 3 March 2026, 14:05 UTC\n');
      for (const line of ['Device: Chrome on macOS', 'Place: Paris, FR']) {
        // Who asks to sign in is not who changed the address.
        if (kind === 'email_moved') expect(part).not.toContain(line);
        else expect(part).toContain(`\n${line}\n`);
      }
    }
  });

  it('says what it is about in both parts, where the kind has such a thing', () => {
    for (const part of parts) {
      if (label) expect(part).toContain(`\n${label}: The detail\n`);
      else expect(part).not.toContain('The detail');
    }
  });

  it('has one button, "This wasn\'t me", and says what it does and that opening it does nothing yet', () => {
    expect(mail.text).toContain(`\n${happening.notMeLink}\n`);
    expect(mail.html.match(/>This wasn&#39;t me<\/a>/g)).toHaveLength(1);
    for (const part of parts) {
      expect(part).toContain('If it was you, you need to do nothing.');
      expect(part).toContain('The page it opens asks once more.');
      expect(part).toContain('"This wasn\'t me" ends every session and undoes what was added since');
    }
  });

  it('keeps values from outside values: no markup, no second line, no link (CVE-2022-31127)', () => {
    const hrefs = (html: string) => html.match(/href="[^"]*"/g);
    const fill = (value: string) => securityMail({ kind, ...happening, device: value, place: value, detail: value });
    fc.assert(
      fc.property(hostileText, (value) => {
        // A detail without a visible character takes its line along; the rest keeps its own.
        const [made, expected] = [fill(`x${value}`), fill('x')];
        expect(elementsOf(made.html)).toEqual(elementsOf(expected.html));
        expect(hrefs(made.html)).toEqual(hrefs(expected.html));
        expect(made.text.split('\n')).toHaveLength(expected.text.split('\n').length);
        expect(made.subject).toBe(expected.subject);
        expect(() => checkMessage({ to: 'ada@example.com', ...made })).not.toThrow();
      }),
    );
  });
});

describe('security mails', () => {
  it.each(['"', '😀'])('have no line longer than a mail may have, however many %s the values hold', (sign) => {
    const value = sign.repeat(500);
    const named = { ...happening, productName: value, device: value, place: value, detail: value };
    const { text, html } = securityMail({ kind: 'token_created', ...named });
    for (const line of `${text}${html}`.split('\n')) expect(new TextEncoder().encode(line).length).toBeLessThan(999);
  });

  it('leave nothing in either part that a mail program makes a link of, but the one address', () => {
    const value = 'http://evil.example www.evil.example tel:+1900 a@evil.example \\\\evil\\share evil。example';
    const { text, html } = securityMail({
      kind: 'token_created',
      ...happening,
      device: value,
      place: value,
      detail: value,
    });
    for (const part of [text, visibleText(html)]) {
      const rest = part.replaceAll(happening.notMeLink, '').replace('14:05 UTC', '');
      expect(rest).toContain('evil. example');
      expect(rest).not.toMatch(/[.:@\\。]\S/);
    }
  });

  it.each([null, '', ' \u200B\u202E\n '])('say "unknown" for a device and a place that are %j', (value) => {
    const { text } = securityMail({ kind: 'new_device', ...happening, device: value, place: value });
    expect(text).toContain('Device: unknown\nPlace: unknown\n');
  });

  it.each([undefined, null, '', '\u200B'])('leave the line of a detail out that is %j', (detail) => {
    const { text } = securityMail({ kind: 'token_created', ...happening, detail });
    expect(text).toContain('act for you.\n\nDevice:');
  });

  it.each([
    ['passkey_removed', 'does not come back: add it again'],
    ['account_unlinked', 'does not come back: link it again'],
    ['passkey_copied', 'The passkey itself stays'],
    ['email_changed_again', 'cannot be changed back from here'],
  ] as const)('promise for %s no more than the button does', (kind, said) => {
    const { text, html } = securityMail({ kind, ...happening });
    for (const part of [text, html]) expect(part).toContain(said);
  });

  it.each([
    ['a script as link', { notMeLink: 'javascript:alert(1)#x' }],
    ['a secret in the query', { notMeLink: 'https://account.example.com/not-me?token=abc' }],
    ['an empty fragment', { notMeLink: 'https://account.example.com/not-me#' }],
    ['a link of two lines', { notMeLink: 'https://account.example.com/not-me#a\nb' }],
    ['a time that is none', { when: 'yesterday' }],
    ['a time without a zone', { when: '2026-03-03T14:05:09' }],
  ])('refuse %s', (_, wrong) => {
    expect(() => securityMail({ kind: 'new_device', ...happening, ...wrong })).toThrow(TypeError);
  });
});
