import { describe, expect, it } from 'vitest';

import { fromBase64, parseKeyRing, SettingError } from '../../../src/lib/keys.ts';

const key = (fill: number, length = 32) => btoa(String.fromCharCode(...new Uint8Array(length).fill(fill)));

/** The error that a ring is refused with. */
function refusal(value: string | undefined, active: string | undefined): SettingError {
  try {
    parseKeyRing('TOKEN_KEYS', value, active);
  } catch (error) {
    if (error instanceof SettingError) return error;
    throw error;
  }
  throw new Error('The ring was accepted.');
}

describe('a key ring setting', () => {
  it('gives every key by its id and the active one', () => {
    const ring = parseKeyRing('TOKEN_KEYS', `k1:${key(1)}, k2:${key(2)}`, 'k2');
    expect([...ring.all.keys()]).toEqual(['k1', 'k2']);
    expect(ring.active).toBe(ring.all.get('k2'));
    expect(ring.active.bytes).toEqual(new Uint8Array(32).fill(2));
  });

  it('takes base64 with and without padding, and base64url', () => {
    const standard = btoa('\xfb\xff'.repeat(16));
    const variants = [standard, standard.replace(/=+$/, ''), standard.replaceAll('+', '-').replaceAll('/', '_')];
    for (const variant of variants) {
      expect(parseKeyRing('LOOKUP_KEYS', `a:${variant}`, 'a').active.bytes).toHaveLength(32);
    }
  });

  it.each([
    ['nothing', undefined, 'k1', 'TOKEN_KEYS'],
    ['blanks', '  ', 'k1', 'TOKEN_KEYS'],
    ['a key without an id', key(1), 'k1', 'TOKEN_KEYS'],
    ['an id in capitals', `K1:${key(1)}`, 'K1', 'TOKEN_KEYS'],
    ['an id of 17 characters', `${'a'.repeat(17)}:${key(1)}`, 'k1', 'TOKEN_KEYS'],
    ['a key of 31 bytes', `k1:${key(1, 31)}`, 'k1', 'TOKEN_KEYS'],
    ['a key of 33 bytes', `k1:${key(1, 33)}`, 'k1', 'TOKEN_KEYS'],
    ['a key that is not base64', `k1:${'!'.repeat(44)}`, 'k1', 'TOKEN_KEYS'],
    ['one id twice', `k1:${key(1)},k1:${key(2)}`, 'k1', 'TOKEN_KEYS'],
    ['a trailing comma', `k1:${key(1)},`, 'k1', 'TOKEN_KEYS'],
    ['no active key', `k1:${key(1)}`, undefined, 'TOKEN_KEY_ACTIVE'],
    ['an active key that is not there', `k1:${key(1)}`, 'k2', 'TOKEN_KEY_ACTIVE'],
  ])('refuses %s, naming the setting and no value', (_, value, active, setting) => {
    const error = refusal(value, active);
    expect(error.setting).toBe(setting);
    expect(error.message).toMatch(new RegExp(`^${setting} `));
    for (const fill of [1, 2]) expect(error.message).not.toContain(key(fill).slice(0, 16));
  });
});

describe('base64 decoding', () => {
  it('refuses stray bits, so that bytes have one spelling', () => {
    expect(fromBase64('QQ')).toEqual(new Uint8Array([65]));
    expect(fromBase64('QR')).toBeNull();
    expect(fromBase64('Q')).toBeNull();
    expect(fromBase64('Q Q=')).toBeNull();
  });
});
