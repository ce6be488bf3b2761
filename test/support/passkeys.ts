import { expect } from 'vitest';
import { type Authenticator, type AuthenticatorOptions, createAuthenticator, type Overrides } from './authenticator.ts';
import type { Person } from './owner.ts';
import { call, type CallOptions, newAddress, type Outcome } from './worker.ts';

interface Options {
  options: Record<string, unknown>;
}

/** What a passkey sign-in answers. */
export interface SignedIn {
  readonly userId: string;
  readonly sessionId: string;
  readonly sessionToken: string;
}

/** Adds a passkey to somebody's account, as their browser would. */
export async function registerPasskey(
  me: Pick<Person, 'token'>,
  authenticator: Authenticator,
  overrides?: Overrides,
): Promise<Outcome<{ id: string; name: string | null }>> {
  const start = await call<Options>('auth.startPasskeyRegistration', undefined, me);
  expect(start.status, start.code).toBe(200);
  const response = await authenticator.register(start.data.options, overrides);
  return call('auth.finishPasskeyRegistration', { response }, me);
}

/** An authenticator with one passkey of this person. */
export async function withPasskey(me: Pick<Person, 'token'>, options?: AuthenticatorOptions): Promise<Authenticator> {
  const authenticator = await createAuthenticator(options);
  const made = await registerPasskey(me, authenticator);
  expect(made.status, made.code).toBe(200);
  return authenticator;
}

/** The answer of an authenticator to a fresh challenge for signing in. */
export async function answerToSignIn(authenticator: Authenticator, overrides?: Overrides) {
  const start = await call<Options>('auth.startPasskeySignIn');
  return authenticator.assert(start.data.options, overrides);
}

/** Sends an answer, from a network of its own: sign-ins are counted by network. */
export function sendSignIn(response: object, options: CallOptions = {}): Promise<Outcome<SignedIn>> {
  const headers = { 'cf-connecting-ip': newAddress(), ...options.headers };
  return call('auth.finishPasskeySignIn', { response, delivery: 'bearer' }, { ...options, headers });
}

/** Signs in by a passkey. */
export async function signInByPasskey(authenticator: Authenticator, overrides?: Overrides): Promise<Outcome<SignedIn>> {
  return sendSignIn(await answerToSignIn(authenticator, overrides));
}
