import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseKeyRing } from '../../../src/lib/keys.ts';
import { createSealer, isSealed, SealError, type SealContext } from '../../../src/lib/sealing.ts';

const key = (fill: number) => btoa(String.fromCharCode(...new Uint8Array(32).fill(fill)));
const sealerOf = (keys: string, active: string) => createSealer(parseKeyRing('TOKEN_KEYS', keys, active));

const sealer = sealerOf(`k1:${key(1)}`, 'k1');
const context: SealContext = { owner: 'user:1', connector: 'google', field: 'refresh_token' };

/** The code that a promise is refused with; fails the test when it is not, or with another error. */
async function refusal(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => new Error('It was accepted.'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof SealError)) throw error;
  return error.code;
}

describe('sealing', () => {
  it('gives back exactly the text that went in, whatever its characters', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (text) => {
        expect(await sealer.open(await sealer.seal(text, context), context)).toBe(text);
      }),
    );
  });

  it.each(['', '\uFEFFwith a byte order mark', '\0', 'a:b:c', 'é', 'e\u0301', '👩‍👩‍👧'])('gives back %j', async (text) => {
    expect(await sealer.open(await sealer.seal(text, context), context)).toBe(text);
  });

  it('seals texts longer than the argument list of a function may be', async () => {
    const text = 'ü'.repeat(300_000);
    expect(await sealer.open(await sealer.seal(text, context), context)).toBe(text);
  });

  it('names its version and key in front, and is told from plain text', async () => {
    const sealed = await sealer.seal('secret', context);
    expect(sealed).toMatch(/^gatehouse:1:k1:[\w-]{22}:[\w-]{16}:[\w-]+$/);
    expect(isSealed(sealed)).toBe(true);
    expect(isSealed('ya29.token')).toBe(false);
  });

  it('seals one text differently each time', async () => {
    const [a, b] = await Promise.all([sealer.seal('same', context), sealer.seal('same', context)]);
    expect(a).not.toBe(b);
    expect(a.split(':')[3]).not.toBe(b.split(':')[3]);
  });

  it('refuses a lone surrogate instead of changing it', async () => {
    expect(await refusal(sealer.seal('a\ud800', context))).toBe('malformed');
  });

  it.each(['owner', 'connector', 'field'] as const)('refuses an empty %s', async (part) => {
    expect(await refusal(sealer.seal('secret', { ...context, [part]: '' }))).toBe('malformed');
  });
});

describe('a sealed value', () => {
  it.each([
    ['owner', { ...context, owner: 'user:2' }],
    ['connector', { ...context, connector: 'github' }],
    ['field', { ...context, field: 'access_token' }],
  ])('does not open for another %s', async (_, other) => {
    expect(await refusal(sealer.open(await sealer.seal('secret', context), other))).toBe('refused');
  });

  it('does not open where the same characters are split otherwise between the parts of the context', async () => {
    const sealed = await sealer.seal('secret', { owner: 'u', connector: 'a","b', field: 'c' });
    expect(await refusal(sealer.open(sealed, { owner: 'u', connector: 'a', field: 'b","c' }))).toBe('refused');
  });

  it('is refused after a change of any one character', async () => {
    const sealed = await sealer.seal('a secret', context);
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1);
      await expect(sealer.open(changed, context)).rejects.toBeInstanceOf(SealError);
    }
  });

  it('is refused when a part comes from another value of the same context', async () => {
    const mine = (await sealer.seal('mine', context)).split(':');
    const other = (await sealer.seal('other', context)).split(':');
    for (const part of [3, 4, 5]) {
      const mixed = mine.with(part, other[part] ?? '').join(':');
      expect(await refusal(sealer.open(mixed, context))).toBe('refused');
    }
  });

  it('is refused, as what it is, whatever text stands in its place', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `gatehouse:1:k1:${text}`),
        ),
        async (text) => {
          expect(await refusal(sealer.open(text, context))).toMatch(/^(malformed|unknown_key)$/);
        },
      ),
    );
  });

  it.each(['gatehouse:2:', 'Gatehouse:1:', ' gatehouse:1:'])('is refused under the prefix %j', async (prefix) => {
    const sealed = await sealer.seal('secret', context);
    expect(await refusal(sealer.open(sealed.replace('gatehouse:1:', prefix), context))).toBe('malformed');
  });

  it('does not open in a ring that lacks its key, nor in one that has another key under its id', async () => {
    const sealed = await sealer.seal('secret', context);
    expect(await refusal(sealerOf(`k2:${key(1)}`, 'k2').open(sealed, context))).toBe('unknown_key');
    expect(await refusal(sealerOf(`k1:${key(9)}`, 'k1').open(sealed, context))).toBe('refused');
  });

  it('does not open under the same key bytes when its key id is exchanged', async () => {
    const twins = sealerOf(`k1:${key(1)},k2:${key(1)}`, 'k1');
    const sealed = await twins.seal('secret', context);
    expect(await refusal(twins.open(sealed.replace(':k1:', ':k2:'), context))).toBe('refused');
  });
});

describe('rotation', () => {
  it('opens old values, tells them, and moves them to the active key', async () => {
    const old = await sealer.seal('secret', context);
    const rotated = sealerOf(`k1:${key(1)},k2:${key(2)}`, 'k2');
    expect(sealer.needsRotation(old)).toBe(false);
    expect(rotated.needsRotation(old)).toBe(true);
    expect(await rotated.open(old, context)).toBe('secret');
    const moved = await rotated.reseal(old, context, context);
    expect(rotated.needsRotation(moved)).toBe(false);
    expect(await sealerOf(`k2:${key(2)}`, 'k2').open(moved, context)).toBe('secret');
  });

  it('moves a value to another owner, for whom alone it then opens', async () => {
    const to = { ...context, owner: 'organization:9' };
    const moved = await sealer.reseal(await sealer.seal('secret', context), context, to);
    expect(await sealer.open(moved, to)).toBe('secret');
    expect(await refusal(sealer.open(moved, context))).toBe('refused');
  });

  it('goes on opening for the first owner after many others were seen', async () => {
    const sealed = await sealer.seal('secret', context);
    for (let other = 0; other < 600; other += 1) await sealer.seal('x', { ...context, owner: `user:other-${other}` });
    expect(await sealer.open(sealed, context)).toBe('secret');
  });
});
