/** A browser that signs in with the `demo` provider of the test run: what it holds, and where it is sent. */
import { expect } from 'vitest';
import { type Account, signInAt } from './oidc-provider.ts';
import { call, PUBLIC_URL, send } from './worker.ts';

export interface Browser {
  /** By name. */
  readonly cookies: Map<string, string>;
  /** Settings of the Worker that it meets. */
  readonly settings: Record<string, string>;
}

/** A new browser; with a session's secret, one that is signed in. */
export function newBrowser(given: { token?: string; settings?: Record<string, string> } = {}): Browser {
  const cookies = new Map(given.token === undefined ? [] : [['gatehouse_session', given.token]]);
  return { cookies, settings: given.settings ?? {} };
}

/** A call from a page of ours. */
export async function callFrom<T = Record<string, unknown>>(browser: Browser, path: string, input?: unknown) {
  const headers = { cookie: cookieHeader(browser), origin: PUBLIC_URL };
  const outcome = await call<T>(path, input, { headers, settings: browser.settings });
  keepCookies(browser, outcome.response);
  return outcome;
}

/** Begins to sign in, or to link. Answers where the browser is sent. */
export async function begin(
  browser: Browser,
  procedure: 'auth.startSocialSignIn' | 'auth.startSocialLink' = 'auth.startSocialSignIn',
  redirectUrl?: string,
): Promise<string> {
  const begun = await callFrom<{ authorizationUrl: string }>(browser, procedure, { provider: 'demo', redirectUrl });
  expect(begun.status, begun.code).toBe(200);
  return begun.data.authorizationUrl;
}

/** Comes back from the provider. Answers where the browser is sent, `/sign-in?problem=…` for a refusal. */
export async function comeBack(browser: Browser, callbackUrl: string, init: RequestInit = {}): Promise<string> {
  const headers = new Headers(init.headers);
  headers.set('cookie', cookieHeader(browser));
  const response = await send(new Request(callbackUrl, { ...init, headers }), browser.settings);
  keepCookies(browser, response);
  expect(response.status).toBe(303);
  return response.headers.get('location') ?? '';
}

/** The whole way, from our page to our page. */
export async function signInWith(account: Account, browser = newBrowser()): Promise<string> {
  return comeBack(browser, await signInAt(await begin(browser), account));
}

/** Links the account to who is signed in in that browser. */
export async function linkWith(account: Account, browser: Browser): Promise<string> {
  return comeBack(browser, await signInAt(await begin(browser, 'auth.startSocialLink'), account));
}

function keepCookies({ cookies }: Browser, response: Response): void {
  for (const line of response.headers.getSetCookie()) {
    const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
    if (value === '') cookies.delete(name);
    else cookies.set(name, value);
  }
}

function cookieHeader({ cookies }: Browser): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}
