import { randomBytes } from 'node:crypto';
import { crc32 as crc32OfZlib } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiTokenFrom, crc32, isApiToken, newApiToken, tokenPrefix } from '../../../src/lib/api-token.ts';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** 256 random bits as 43 base64url characters: what `makerOf(…).secret()` gives. */
const newSeed = () => randomBytes(32).toString('base64url');

const manyTokens = Array.from({ length: 10_000 }, newApiToken);

/** The limit of chi-squared that a fair draw passes once in a million times (Wilson and Hilferty's approximation). */
function chiSquaredLimit(degrees: number): number {
  const step = 2 / (9 * degrees);
  return degrees * (1 - step + 4.753 * Math.sqrt(step)) ** 3;
}

function chiSquared(texts: readonly string[]): number {
  const counts = new Map(alphabet.split('').map((character) => [character, 0]));
  for (const character of texts.join('')) counts.set(character, (counts.get(character) ?? 0) + 1);
  const expected = texts.join('').length / 62;
  return [...counts.values()].reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
}

describe('CRC-32', () => {
  // The check value of the catalogue of CRC algorithms ("CRC-32/ISO-HDLC"), and vectors that many tools agree on.
  it.each([
    ['', 0],
    ['123456789', 0xcbf43926],
    ['a', 0xe8b7be43],
    ['abc', 0x352441c2],
    ['The quick brown fox jumps over the lazy dog', 0x414fa339],
  ])('of "%s" is the known one', (text, value) => expect(crc32(text)).toBe(value));

  it('is what zlib computes, for any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => crc32(text) === crc32OfZlib(text)));
  });
});

describe('a new API token', () => {
  it('has the form and the checksum, each of 10,000, and none comes twice', () => {
    for (const token of manyTokens) {
      expect(token).toMatch(/^gtk_[0-9A-Za-z]{36}$/);
      expect(isApiToken(token)).toBe(true);
    }
    expect(new Set(manyTokens).size).toBe(10_000);
  });

  it('ends in the CRC-32 of the 34 characters before, in base62, filled up with zeros', () => {
    for (const token of manyTokens.slice(0, 500)) {
      let value = 0;
      for (const character of token.slice(34)) value = value * 62 + alphabet.indexOf(character);
      expect(value).toBe(crc32OfZlib(token.slice(0, 34)));
    }
    // 62^5 of 2^32 values, one in five, need the zero.
    expect(manyTokens.some((token) => token[34] === '0')).toBe(true);
  });

  it('prefers no character, over all and in every place', () => {
    // A remainder by 62 without rejection gives 2,000 over all; the limit is 129.
    const random = manyTokens.map((token) => token.slice(4, 34));
    expect(chiSquared(random)).toBeLessThan(chiSquaredLimit(61));
    const worst = Math.max(...Array.from({ length: 30 }, (_, i) => chiSquared(random.map((text) => text.charAt(i)))));
    expect(worst).toBeLessThan(chiSquaredLimit(61));
  });

  it('shows its first 8 characters as its prefix', () => expect(tokenPrefix('gtk_Ab12cdef')).toBe('gtk_Ab12'));
});

describe('the checksum', () => {
  it('finds every change of one character', () => {
    for (const token of manyTokens.slice(0, 3)) {
      for (let place = 0; place < token.length; place += 1) {
        for (const character of `${alphabet}_-. `) {
          const changed = token.slice(0, place) + character + token.slice(place + 1);
          expect(isApiToken(changed), changed).toBe(changed === token);
        }
      }
    }
  });

  it('finds every exchange of two neighbours', () => {
    for (const token of manyTokens.slice(0, 50)) {
      for (let place = 4; place < 39; place += 1) {
        const [one, other] = [token.charAt(place), token.charAt(place + 1)];
        const changed = token.slice(0, place) + other + one + token.slice(place + 2);
        expect(isApiToken(changed), changed).toBe(one === other);
      }
    }
  });

  it.each(['', 'gtk_', `gtk_${'a'.repeat(36)}`, `gtk_${'0'.repeat(36)}`])('is wrong in "%s"', (text) =>
    expect(isApiToken(text)).toBe(false),
  );

  it('does not save a text of another length, another prefix, or with more around it', () => {
    const [token = ''] = manyTokens;
    for (const text of [token.slice(1), token.slice(0, -1), `${token}0`, ` ${token}`, `${token}\n`, `gts_${token}`]) {
      expect(isApiToken(text), text).toBe(false);
    }
  });
});

describe('an API token from a seed', () => {
  it('is the same for the same seed, and another for another', async () => {
    const seeds = Array.from({ length: 500 }, newSeed);
    const tokens = await Promise.all(seeds.map(apiTokenFrom));
    expect(await Promise.all(seeds.map(apiTokenFrom))).toEqual(tokens);
    expect(new Set(tokens).size).toBe(500);
    for (const token of tokens) expect(isApiToken(token)).toBe(true);
    expect(chiSquared(tokens.map((token) => token.slice(4, 34)))).toBeLessThan(chiSquaredLimit(61));
  });

  it('stays what it was: a retry after a deployment gives the same token', async () => {
    // Computed apart, with hkdfSync of node:crypto and crc32 of node:zlib.
    expect(await apiTokenFrom('A'.repeat(43))).toBe('gtk_6hFDYsg4U8As4WPa1wF0NX2MLn3t1Z2ovm2e');
  });

  it('holds nothing of the seed', async () => {
    const seed = newSeed();
    const token = await apiTokenFrom(seed);
    for (let i = 0; i + 5 <= seed.length; i += 1) expect(token).not.toContain(seed.slice(i, i + 5));
  });

  it('is refused where the seed could be guessed', async () => {
    await expect(apiTokenFrom('short')).rejects.toThrow(RangeError);
  });
});
