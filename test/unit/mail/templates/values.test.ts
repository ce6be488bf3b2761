import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  accountAt,
  maskedAddress,
  outsideText,
  plainName,
  readableTime,
} from '../../../../src/mail/templates/values.ts';
import { hostileText } from './mails.ts';

describe('a value from outside', () => {
  it.each([
    ['Chrome on macOS', 'Chrome on macOS'],
    ['Paris, FR', 'Paris, FR'],
    ['Washington, D.C., US', 'Washington, D. C., US'],
    ['CI: deploy (2nd try)', 'CI: deploy (2nd try)'],
    ['São Paulo 日本 👩‍🚀', 'São Paulo 日本 👩 🚀'],
    ['  two\r\n\tlines ', 'two lines'],
    ['http://evil.example', 'http: //evil. example'],
    ['www.evil.example/x', 'www. evil. example/x'],
    ['mailto:a@evil.example', 'mailto: a@ evil. example'],
    ['tel:+1900', 'tel: +1900'],
    ['\\\\evil\\share', '\\ \\ evil\\ share'],
    ['evil。example', 'evil。 example'],
    ['evil｡example', 'evil｡ example'],
    ['evil．example', 'evil． example'],
    ['evil.\u200Bexample', 'evil. example'],
    ['evil\u2060.\u2060example', 'evil . example'],
    ['http\uFF1A//evil', 'http\uFF1A //evil'],
    ['a…@example.com', 'a…@ example. com'],
    ['half \uD83D', 'half \uFFFD'],
    ['\u200B\u202E', ''],
  ])('%j is written %j', (value, written) => {
    expect(outsideText(value)).toBe(written);
  });

  it('is at most 120 characters long, none cut in half, and says when it was longer', () => {
    expect(outsideText('x'.repeat(120))).toBe('x'.repeat(120));
    expect(outsideText('😀'.repeat(121))).toBe(`${'😀'.repeat(119)}…`);
    expect(Array.from(outsideText('a.'.repeat(100)))).toHaveLength(120);
  });

  it('is one line in which no sign that makes a link has anything right behind it, whatever is put in', () => {
    const made = fc.array(
      fc.oneof(hostileText, fc.constantFrom('.', ':', '@', '\\', '。', '．', '：', '＠', '＼', 'a', ' ')),
    );
    fc.assert(
      fc.property(made, (pieces) => {
        const written = outsideText(pieces.join(''));
        // By character: "…" has dots in its normal form as a text, but is none.
        const plain = Array.from(written, (sign) => (sign === '…' ? sign : sign.normalize('NFKC'))).join('');
        expect(plain).not.toMatch(/[.。:@\\](?=[^\s,…])/);
        expect(written).not.toMatch(/[\r\n\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        expect(written.isWellFormed()).toBe(true);
        expect(Array.from(written).length).toBeLessThanOrEqual(120);
      }),
    );
  });
});

describe("the product's name", () => {
  it.each([
    ['Acme', 'Acme', 'your Acme account'],
    ['A\r\nBcc: b@evil.example', 'A Bcc: b@evil.example', 'your A Bcc: b@evil.example account'],
    ['\u202E', 'your account', 'your account'],
    ['😀'.repeat(70), '😀'.repeat(60), `your ${'😀'.repeat(60)} account`],
  ])('%j is %j, and %j', (name, plain, account) => {
    expect(plainName(name)).toBe(plain);
    expect(accountAt(name)).toBe(account);
  });
});

describe('a masked address', () => {
  it.each([
    ['ada@example.com', 'a…@example.com'],
    ['a@example.com', 'a…@example.com'],
    ['"a@b"@example.com', '"…@example.com'],
    ['no address', '…'],
    ['@example.com', '…'],
    ['', '…'],
  ])('of %j is %j', (address, masked) => {
    expect(maskedAddress(address)).toBe(masked);
  });
});

describe('a time', () => {
  it.each([
    ['2026-03-03T14:05:09.123Z', '3 March 2026, 14:05 UTC'],
    ['2026-12-31T23:59:59Z', '31 December 2026, 23:59 UTC'],
    ['2026-01-01T00:30:00+02:00', '31 December 2025, 22:30 UTC'],
  ])('%s is %s', (when, written) => {
    expect(readableTime(when)).toBe(written);
  });

  it.each(['', '2026-03-03', '2026-13-03T14:05:09Z', '3 March 2026', '<b>'])('is refused when it is %j', (when) => {
    expect(() => readableTime(when)).toThrow(TypeError);
  });
});
