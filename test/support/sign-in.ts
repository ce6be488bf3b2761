import { expect } from 'vitest';
import { call, newAddress, owner, PUBLIC_URL, readMail } from './worker.ts';

/** What a browser holds after a sign-in. */
export interface SignedInBrowser {
  /** `gatehouse_device=…`, by which it is known again. */
  readonly device: string;
  /** The session's secret. */
  readonly token: string;
  readonly sessionId: string;
}

/** Signs in by mail as a browser does, from a new network, with the cookies it has. */
export async function signInByMail(
  email: string,
  { cookies = '', settings = {} }: { cookies?: string; settings?: Record<string, unknown> } = {},
): Promise<SignedInBrowser> {
  const headers = { 'cf-connecting-ip': newAddress(), origin: PUBLIC_URL };
  const asked = await call('auth.requestMagicLink', { email }, { headers: { ...headers, cookie: cookies }, settings });
  const proof = cookieOf(asked.response, 'sign_in');
  const mail = await readMail(email);
  const done = await call<{ sessionId: string }>(
    'auth.verifyMagicLink',
    { token: mail?.token },
    { headers: { ...headers, cookie: `${cookies}; ${proof}` }, settings },
  );
  expect(done.status, done.code).toBe(200);
  const token = cookieOf(done.response, 'session').split('=')[1] ?? '';
  return { device: cookieOf(done.response, 'device'), token, sessionId: done.data.sessionId };
}

/** Gives the user another address: one mail a minute goes to each, and some sign-ins follow at once. */
export async function moveOn(userId: string, email: string): Promise<string> {
  await owner.query('update users set email = $2 where id = $1', [userId, email]);
  return email;
}

/** `name=value` of a cookie that was set; '' when it was not. */
function cookieOf(response: Response, name: string): string {
  return new RegExp(`gatehouse_${name}=[^;]+`).exec(response.headers.get('set-cookie') ?? '')?.[0] ?? '';
}
