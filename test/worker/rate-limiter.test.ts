import { evictDurableObject, listDurableObjectIds, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';

import type { Bindings } from '../../src/env.ts';
import type { RateLimiter } from '../../src/objects/rate-limiter.ts';
import {
  checkOrdinary,
  enforce,
  nextFreeAt,
  type KeyKind,
  type PolicyName,
  policies,
  type RateLimit,
} from '../../src/rate-limits.ts';

const { RATE_LIMITER, CALLS_BY_NETWORK } = env as unknown as Bindings;

/** Ahead of the real time, so that alarms run when a test runs them and not by themselves. */
const START = Date.UTC(2100, 0, 1);

let made = 0;

/** An address that no other test uses. */
function freshNetwork(): string {
  made += 1;
  return `2001:db8:0:${made.toString(16)}::/64`;
}

/** A limiter that no other test uses, its clock standing at `START`. */
async function freshLimiter() {
  const stub = RATE_LIMITER.get(RATE_LIMITER.newUniqueId());
  await setClock(stub, START);
  return stub;
}

async function setClock(stub: DurableObjectStub<RateLimiter>, at: number): Promise<void> {
  await runInDurableObject(stub, (instance: RateLimiter) => {
    instance.now = () => at;
  });
}

/** What is in the object's storage, and whether an alarm is set. */
function stored(stub: DurableObjectStub<RateLimiter>) {
  return runInDurableObject(stub, async (_: RateLimiter, state) => ({
    keys: [...state.storage.kv.list()].length,
    alarm: await state.storage.getAlarm(),
  }));
}

/** How many limiters exist. */
async function countLimiters(): Promise<number> {
  return (await listDurableObjectIds(RATE_LIMITER)).length;
}

/** How many of `count` takes at one time are granted. */
async function takeAtOnce(stub: DurableObjectStub<RateLimiter>, count: number, kind: KeyKind = 'network') {
  const answers = await Promise.all(Array.from({ length: count }, () => stub.take('magic_link.send', kind)));
  return answers.filter((answer) => answer.allowed).length;
}

describe('a rate limiter', () => {
  it('grants exactly the capacity to fifty takes at once', async () => {
    expect(await takeAtOnce(await freshLimiter(), 50)).toBe(5);
  });

  it('counts each key by itself', async () => {
    const [one, other] = [await freshLimiter(), await freshLimiter()];
    expect(await takeAtOnce(one, 7)).toBe(5);
    expect(await takeAtOnce(other, 7)).toBe(5);
  });

  it('says when the next take succeeds, and is right to the millisecond', async () => {
    const stub = await freshLimiter();
    await takeAtOnce(stub, 5);
    await setClock(stub, START + 1500);
    const refused = await stub.take('magic_link.send', 'network');
    expect(refused).toEqual({
      allowed: false,
      isRepeat: false,
      retryAfterSeconds: 59,
      resetAt: '2100-01-01T00:01:00.000Z',
    });
    await setClock(stub, Date.parse(refused.resetAt) - 1);
    expect(await stub.take('magic_link.send', 'network')).toMatchObject({ allowed: false, retryAfterSeconds: 1 });
    await setClock(stub, Date.parse(refused.resetAt));
    expect(await stub.take('magic_link.send', 'network')).toMatchObject({ allowed: true, retryAfterSeconds: 0 });
  });

  it('is not put off by takes that it refuses', async () => {
    const stub = await freshLimiter();
    await takeAtOnce(stub, 5);
    for (const second of [10, 30, 59]) {
      await setClock(stub, START + second * 1000);
      expect(await takeAtOnce(stub, 20)).toBe(0);
    }
    await setClock(stub, START + 60_000);
    expect(await takeAtOnce(stub, 20)).toBe(5);
  });

  it('gives no double burst around the edge of a window', async () => {
    const stub = await freshLimiter();
    await setClock(stub, START + 59_000);
    expect(await takeAtOnce(stub, 9)).toBe(5);
    await setClock(stub, START + 61_000);
    expect(await takeAtOnce(stub, 9)).toBe(0);
  });

  it('holds all limits of a policy: 1 in 60 s and 5 an hour', async () => {
    const stub = await freshLimiter();
    for (let minute = 0; minute < 5; minute += 1) {
      await setClock(stub, START + minute * 60_000);
      expect(await takeAtOnce(stub, 3, 'account')).toBe(1);
      const refused = await stub.take('magic_link.send', 'account');
      expect(refused.retryAfterSeconds).toBe(minute === 4 ? 3600 - 240 : 60);
    }
    await setClock(stub, START + 3_599_999);
    expect(await takeAtOnce(stub, 3, 'account')).toBe(0);
    await setClock(stub, START + 3_600_000);
    expect(await takeAtOnce(stub, 3, 'account')).toBe(1);
  });

  it('keeps a block over a restart', async () => {
    const stub = await freshLimiter();
    await takeAtOnce(stub, 5);
    await evictDurableObject(stub);
    await setClock(stub, START + 30_000);
    expect(await stub.take('magic_link.send', 'network')).toMatchObject({ allowed: false, retryAfterSeconds: 30 });
  });

  it('keeps a count over a restart, up to the takes of the last two seconds', async () => {
    const stub = await freshLimiter();
    for (const second of [0, 3, 6]) {
      await setClock(stub, START + second * 1000);
      expect(await takeAtOnce(stub, 1)).toBe(1);
    }
    await evictDurableObject(stub);
    await setClock(stub, START + 7000);
    expect(await takeAtOnce(stub, 9)).toBe(2);
  });

  it('writes a burst once, and what the burst left in memory when the moment has passed', async () => {
    const stub = await freshLimiter();
    const savedTakes = () =>
      runInDurableObject(
        stub,
        (_: RateLimiter, state) => state.storage.kv.get<{ taken: number[] }>('state')?.taken.length,
      );
    await takeAtOnce(stub, 4);
    expect(await savedTakes()).toBe(1);
    await expect.poll(savedTakes, { timeout: 10_000 }).toBe(4);
  });

  it('does not lengthen a block when its clock is set back', async () => {
    const stub = await freshLimiter();
    await takeAtOnce(stub, 5);
    await setClock(stub, START - 86_400_000);
    expect(await stub.take('magic_link.send', 'network')).toMatchObject({ allowed: false, retryAfterSeconds: 60 });
  });

  it('erases itself by alarm once nothing in it matters, and not before', async () => {
    const stub = await freshLimiter();
    await takeAtOnce(stub, 5);
    expect(await stored(stub)).toEqual({ keys: 1, alarm: START + 60_000 });
    await setClock(stub, START + 59_999);
    await takeAtOnce(stub, 5);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await stored(stub)).toEqual({ keys: 1, alarm: START + 60_000 });
    await setClock(stub, START + 60_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await stored(stub)).toEqual({ keys: 0, alarm: null });
    expect(await takeAtOnce(stub, 9)).toBe(5);
    expect(await stored(stub)).toEqual({ keys: 1, alarm: START + 120_000 });
  });

  it('erases itself after a restart too', async () => {
    const stub = await freshLimiter();
    await takeAtOnce(stub, 5);
    await evictDurableObject(stub);
    await setClock(stub, START + 60_000);
    expect(await runDurableObjectAlarm(stub)).toBe(true);
    expect(await stored(stub)).toEqual({ keys: 0, alarm: null });
  });

  it('leaves nothing behind when it has refused only an unknown policy', async () => {
    const stub = await freshLimiter();
    const refused = runInDurableObject(stub, async (instance: RateLimiter) =>
      instance.take('toString' as PolicyName, 'network').catch((error: unknown) => String(error)),
    );
    expect(await refused).toMatch(/no rate limit of that name/);
    expect(await stored(stub)).toEqual({ keys: 0, alarm: null });
  });
});

describe('enforcing a policy', () => {
  it('asks the network, then the account, and reports the hops', async () => {
    const network = freshNetwork();
    const account = `${network}@example.com`;
    expect(await enforce(RATE_LIMITER, 'magic_link.send', { network, account })).toMatchObject({
      allowed: true,
      isRepeat: false,
      hops: 2,
    });
    const again = await enforce(RATE_LIMITER, 'magic_link.send', { network, account });
    expect(again).toMatchObject({ allowed: false, hops: 2, limitedBy: 'account' });
    if (again.allowed) throw new Error('unreachable');
    expect(again.retryAfterSeconds).toBeGreaterThan(0);
    expect(again.retryAfterSeconds).toBeLessThanOrEqual(60);
  });

  it('makes no object for an account while the network is refused', async () => {
    const network = freshNetwork();
    for (let take = 0; take < 5; take += 1) await enforce(RATE_LIMITER, 'magic_link.send', { network });
    const before = await countLimiters();
    for (let guess = 0; guess < 10; guess += 1) {
      const account = `guess-${guess}@example.com`;
      const refused = await enforce(RATE_LIMITER, 'magic_link.send', { network, account });
      expect(refused).toMatchObject({ allowed: false, hops: 1, limitedBy: 'network' });
    }
    expect(await countLimiters()).toBe(before);
  });

  it('counts one account for every case of its address, and from every network', async () => {
    const account = `case-${freshNetwork()}@example.com`;
    const first = await enforce(RATE_LIMITER, 'magic_link.send', { network: freshNetwork(), account });
    const second = await enforce(RATE_LIMITER, 'magic_link.send', {
      network: freshNetwork(),
      account: ` ${account.toUpperCase()}`,
    });
    expect([first.allowed, second.allowed]).toEqual([true, false]);
  });

  it('counts each policy by itself', async () => {
    const network = freshNetwork();
    for (let take = 0; take < 3; take += 1) await enforce(RATE_LIMITER, 'magic_link.verify', { network });
    expect((await enforce(RATE_LIMITER, 'magic_link.verify', { network })).allowed).toBe(false);
    expect((await enforce(RATE_LIMITER, 'magic_link.code', { network })).allowed).toBe(true);
  });

  it('asks the network alone where the policy counts no account', async () => {
    const keys = { network: freshNetwork(), account: 'ada@example.com' };
    expect(await enforce(RATE_LIMITER, 'magic_link.verify', keys)).toMatchObject({ allowed: true, hops: 1 });
  });

  it('names no object after an address', async () => {
    const names: string[] = [];
    const spying = {
      idFromName: (name: string) => (names.push(name), RATE_LIMITER.idFromName(name)),
      get: (id: DurableObjectId) => RATE_LIMITER.get(id),
    };
    await enforce(spying, 'magic_link.send', { network: '203.0.113.9', account: 'secret.person@example.com' });
    expect(names).toHaveLength(2);
    for (const name of names) expect(name).toMatch(/^magic_link\.send:(network|account):[0-9a-f]{64}$/);
  });

  it('refuses with a clear error when a limiter cannot answer', async () => {
    const broken = {
      idFromName: (name: string) => name,
      get: () => ({
        take: async () => Promise.reject(new Error('Durable Object is overloaded.')),
        finish: async () => undefined,
      }),
    };
    const refused = enforce(broken, 'magic_link.send', { network: freshNetwork() });
    await expect(refused).rejects.toMatchObject({ name: 'AppError', code: 'service.unavailable' });
  });
});

describe('the arithmetic of limits', () => {
  it('agrees with counting by hand, over many takes at many times', () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      return seed % below;
    };
    const all = Object.values(policies).flatMap((policy): (readonly RateLimit[])[] => Object.values(policy));
    for (const limits of all) {
      const taken: number[] = [];
      for (let now = 1, step = 0; step < 3000; step += 1, now += random(40_000)) {
        const byHand = limits.every(
          ({ capacity, seconds }) => taken.filter((at) => at > now - seconds * 1000).length < capacity,
        );
        expect(nextFreeAt(taken, limits) <= now).toBe(byHand);
        if (byHand) taken.push(now);
      }
      expect(taken.length).toBeGreaterThan(10);
    }
  });
});

describe('the limit of ordinary calls', () => {
  it('lets calls pass and names the period when it refuses', async () => {
    expect(await checkOrdinary(CALLS_BY_NETWORK, freshNetwork(), 60)).toEqual({ allowed: true, retryAfterSeconds: 0 });
    const full = { limit: async () => ({ success: false }) };
    expect(await checkOrdinary(full, 'key', 10)).toEqual({ allowed: false, retryAfterSeconds: 10 });
  });

  it('counts up to its limit on the real binding', async () => {
    const key = freshNetwork();
    // Its window can turn meanwhile, so twice the limit of wrangler.toml may pass before it refuses.
    let refused = 0;
    for (let batch = 0; batch < 40 && refused === 0; batch += 1) {
      const calls = Array.from({ length: 250 }, () => checkOrdinary(CALLS_BY_NETWORK, key, 60));
      refused = (await Promise.all(calls)).filter((answer) => !answer.allowed).length;
    }
    expect(refused).toBeGreaterThan(0);
    expect((await checkOrdinary(CALLS_BY_NETWORK, freshNetwork(), 60)).allowed).toBe(true);
  });

  it('lets the call pass, and says why, when the binding fails', async () => {
    const failure = new Error('unavailable');
    const broken = { limit: async () => Promise.reject(failure) };
    expect(await checkOrdinary(broken, 'key', 60)).toEqual({ allowed: true, retryAfterSeconds: 0, failure });
  });
});
