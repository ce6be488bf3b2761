import { describe, expect, it } from 'vitest';
import type { RateLimiterNamespace } from '../../../src/rate-limits.ts';
import { newPerson } from '../../support/owner.ts';
import { answerToSignIn, sendSignIn, signInByPasskey, withPasskey } from '../../support/passkeys.ts';
import { call, newAddress, owner, workerEnv } from '../../support/worker.ts';

/** The real limiters; objects of an account do not answer, as one that a stranger floods would not. */
function withFloodedAccounts(asked: string[]): RateLimiterNamespace<string> {
  const real = workerEnv.RATE_LIMITER;
  return {
    idFromName: (name) => name,
    get: (name) => {
      asked.push(name);
      if (name.includes(':account:')) throw new Error('This object is overloaded.');
      return real.get(real.idFromName(name)) as never;
    },
  };
}

describe('a stranger who knows a victim’s address', () => {
  it('uses up its mails, and the passkey goes on working', async () => {
    const victim = await newPerson(owner);
    const authenticator = await withPasskey(victim);
    const codes = [];
    for (let i = 0; i < 6; i += 1) {
      const headers = { 'cf-connecting-ip': newAddress() };
      codes.push((await call('auth.requestMagicLink', { email: victim.email }, { headers })).code);
    }
    expect(codes).toContain('rate_limit.exceeded');
    expect((await signInByPasskey(authenticator)).status).toBe(200);
    expect((await call('auth.requestStepUpMail', { delivery: 'bearer' }, victim)).status).toBe(200);
  });

  it('cannot overload a limiter that the passkey depends on: none of the account is asked', async () => {
    const victim = await newPerson(owner);
    const authenticator = await withPasskey(victim);
    const asked: string[] = [];
    const settings = { RATE_LIMITER: withFloodedAccounts(asked) };
    const mail = await call('auth.requestMagicLink', { email: victim.email }, { settings });
    expect([mail.status, mail.code]).toEqual([503, 'service.unavailable']);
    asked.length = 0;
    expect((await sendSignIn(await answerToSignIn(authenticator), { settings })).status).toBe(200);
    expect(asked).toEqual([expect.stringMatching(/^passkey\.sign_in:network:/)]);
  });

  it('fails passkey sign-ins in its name as often as it likes, and locks nobody', async () => {
    const victim = await newPerson(owner);
    const authenticator = await withPasskey(victim);
    for (let i = 0; i < 12; i += 1) {
      const wrong = await answerToSignIn(authenticator, { signedByAnother: true });
      expect((await sendSignIn(wrong)).code).toBe('passkey.signature_invalid');
    }
    expect((await signInByPasskey(authenticator)).status).toBe(200);
  });
});

it('many passkey sign-ins from one network are slowed down', async () => {
  const authenticator = await withPasskey(await newPerson(owner));
  const headers = { 'cf-connecting-ip': newAddress() };
  const codes = [];
  for (let i = 0; i < 11; i += 1) codes.push((await sendSignIn(await answerToSignIn(authenticator), { headers })).code);
  expect(codes.slice(0, 10)).toEqual(Array(10).fill(undefined));
  expect(codes[10]).toBe('rate_limit.exceeded');
});
