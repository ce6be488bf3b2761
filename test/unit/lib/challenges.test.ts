import { describe, expect, it } from 'vitest';
import { CHALLENGE_TTL_MS, type ChallengeUse, makeChallenge, readChallenge } from '../../../src/lib/challenges.ts';
import { fromBase64, parseKeyRing } from '../../../src/lib/keys.ts';
import { sha256Hex, toBase64Url } from '../../../src/lib/secrets.ts';

const key = (fill: number) => btoa(String.fromCharCode(...new Uint8Array(32).fill(fill)));
const ringOf = (keys: string, active: string) => parseKeyRing('LOOKUP_KEYS', keys, active);

const ring = ringOf(`k1:${key(1)}`, 'k1');
const now = Date.UTC(2026, 7, 1);
const use: ChallengeUse = { purpose: 'passkey.step_up', boundTo: 'a'.repeat(64), now };
const make = async (given: ChallengeUse = use, keys = ring) => toBase64Url(await makeChallenge(keys, given));

describe('a challenge', () => {
  it('is read back with the hash of its text and the end of its five minutes', async () => {
    const text = await make();
    const expiresAt = new Date(now + 5 * 60_000).toISOString();
    expect(await readChallenge(ring, text, use)).toEqual({ status: 'valid', hash: await sha256Hex(text), expiresAt });
  });

  it('is never the same twice, at the same moment for the same use', async () => {
    const made = await Promise.all(Array.from({ length: 200 }, () => makeChallenge(ring, use)));
    expect(new Set(made.map((challenge) => toBase64Url(challenge.subarray(0, 16)))).size).toBe(200);
  });

  it.each(['passkey.registration', 'passkey.sign_in'] as const)(
    'made for step-up is refused by %s',
    async (purpose) => {
      expect(await readChallenge(ring, await make(), { ...use, purpose })).toEqual({ status: 'invalid' });
    },
  );

  it.each(['', 'b'.repeat(64), 'a'.repeat(63), 'A'.repeat(64)])(
    'bound to one session is refused by %j',
    async (boundTo) => {
      expect(await readChallenge(ring, await make(), { ...use, boundTo })).toEqual({ status: 'invalid' });
    },
  );

  it('bound to nobody is refused by a session', async () => {
    const text = await make({ ...use, boundTo: '' });
    expect(await readChallenge(ring, text, { ...use, boundTo: '' })).toMatchObject({ status: 'valid' });
    expect(await readChallenge(ring, text, use)).toEqual({ status: 'invalid' });
  });

  it('is good until the last millisecond before its end and expired from then on', async () => {
    const text = await make();
    const at = (later: number) => readChallenge(ring, text, { ...use, now: now + later });
    expect(await at(CHALLENGE_TTL_MS - 1)).toMatchObject({ status: 'valid' });
    expect(await at(CHALLENGE_TTL_MS)).toEqual({ status: 'expired' });
    expect(await at(CHALLENGE_TTL_MS * 1000)).toEqual({ status: 'expired' });
  });

  it('goes by the clock when no time is given', async () => {
    const { purpose, boundTo } = use;
    const fresh = await make({ purpose, boundTo });
    const old = await make({ purpose, boundTo, now: Date.now() - CHALLENGE_TTL_MS });
    expect(await readChallenge(ring, fresh, { purpose, boundTo })).toMatchObject({ status: 'valid' });
    expect(await readChallenge(ring, old, { purpose, boundTo })).toEqual({ status: 'expired' });
  });

  it('is invalid and not expired when it is of another use and too old', async () => {
    const later = { purpose: 'passkey.sign_in', boundTo: '', now: now + CHALLENGE_TTL_MS } as const;
    expect(await readChallenge(ring, await make(), later)).toEqual({ status: 'invalid' });
  });
});

describe('keys of challenges', () => {
  it('rotate: the new one makes, the old one is still read until it leaves the ring', async () => {
    const both = ringOf(`k1:${key(1)},k2:${key(2)}`, 'k2');
    const onlyNew = ringOf(`k2:${key(2)}`, 'k2');
    const [old, fresh] = [await make(), await make(use, both)];
    expect(await readChallenge(both, old, use)).toMatchObject({ status: 'valid' });
    expect(await readChallenge(both, fresh, use)).toMatchObject({ status: 'valid' });
    expect(await readChallenge(onlyNew, fresh, use)).toMatchObject({ status: 'valid' });
    expect(await readChallenge(onlyNew, old, use)).toEqual({ status: 'invalid' });
    expect(await readChallenge(ring, fresh, use)).toEqual({ status: 'invalid' });
  });
});

describe('a changed challenge', () => {
  it('is refused whichever bit was flipped', async () => {
    const challenge = await makeChallenge(ring, use);
    for (let bit = 0; bit < challenge.length * 8; bit += 1) {
      const flipped = challenge.with(bit >> 3, (challenge[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
      expect(await readChallenge(ring, toBase64Url(flipped), use), `bit ${bit}`).toEqual({ status: 'invalid' });
    }
  });

  it('is refused at any other length', async () => {
    const challenge = await makeChallenge(ring, use);
    for (let length = 0; length < 130; length += 1) {
      if (length === challenge.length) continue;
      const other = new Uint8Array(length);
      other.set(challenge.subarray(0, length));
      expect(await readChallenge(ring, toBase64Url(other), use), `${length} bytes`).toEqual({ status: 'invalid' });
    }
  });

  it('is refused in another spelling of the same bytes, which would be a second use', async () => {
    // Made until its text has a character that base64 and base64url spell differently.
    let text = await make();
    while (!/[-_]/.test(text)) text = await make();
    const lastTwin = `${text.slice(0, -1)}${String.fromCharCode(text.charCodeAt(85) + 1)}`;
    const spellings = [`${text}==`, text.replaceAll('-', '+').replaceAll('_', '/'), ` ${text}`, `${text}\n`, lastTwin];
    expect(fromBase64(`${text}==`)).toEqual(fromBase64(text));
    for (const spelling of spellings) {
      expect(await readChallenge(ring, spelling, use), JSON.stringify(spelling)).toEqual({ status: 'invalid' });
    }
    expect(await readChallenge(ring, text, use)).toMatchObject({ status: 'valid' });
  });

  it.each(['', '=', '💥', 'A'.repeat(86), 'A'.repeat(100_000)])(
    'is refused when it is not ours at all',
    async (text) => {
      expect(await readChallenge(ring, text, use)).toEqual({ status: 'invalid' });
    },
  );
});
