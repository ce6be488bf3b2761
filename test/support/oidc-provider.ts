/** How tests reach the provider of the run: by `fetch` alone, so in workerd as well. */
import type {
  Account,
  GrantReport,
  Redemptions,
  SeededGrant,
  SeedOptions,
} from '../../scripts/support/oidc-provider.ts';
import type { ControlInput } from './oidc-provider/controls.ts';
import type { Tampering } from './oidc-provider/tampering.ts';

export type { Account, GrantReport, Redemptions, SeededGrant, Tampering };

let nextAccount = 0;

/** A person at the provider that no other test has. */
export function newAccount(changes: Partial<Account> = {}): Account {
  nextAccount += 1;
  const subject = `person-${nextAccount}-${crypto.randomUUID()}`;
  return { subject, email: `${subject}@example.com`, isEmailVerified: true, name: `Person ${nextAccount}`, ...changes };
}

/**
 * Signs in at the provider of the test run as a browser would, and agrees.
 * @param authorizationUrl where the Worker sends the browser
 * @param account who signs in; the provider learns of them by this
 * @returns the address at the redirect URI that the provider sends the browser back to, not yet requested
 * @throws Error with what the provider said, where it does not send the browser back
 */
export async function signInAt(authorizationUrl: string, account: Account): Promise<string> {
  const url = new URL(authorizationUrl);
  url.searchParams.set('login_hint', loginHint(account));
  return walk(url.href);
}

/** Goes to the provider's page and presses Cancel there. Answers as `signInAt`. */
export function cancelAt(authorizationUrl: string): Promise<string> {
  return walk(authorizationUrl, new URLSearchParams({ cancel: 'yes' }));
}

/** Follows the provider's redirects until one leads to the redirect URI; its page, if one comes, is answered by `form`. */
async function walk(authorizationUrl: string, form?: URLSearchParams): Promise<string> {
  const redirectUri = new URL(authorizationUrl).searchParams.get('redirect_uri');
  if (!redirectUri) throw new Error('The address names no redirect URI.');
  const cookies = new Map<string, string>();
  let next = authorizationUrl;
  for (let hops = 0; hops < 5; hops += 1) {
    const init = { redirect: 'manual', headers: { cookie: cookieHeader(cookies) } } as const;
    let response = await fetch(next, init);
    if (response.status === 200 && form) response = await fetch(next, { ...init, method: 'POST', body: form });
    const body = await response.text();
    const location = response.headers.get('location');
    if (location === null) throw new Error(`The provider answered ${response.status}: ${body}`);
    for (const cookie of response.headers.getSetCookie()) keep(cookies, cookie);
    next = new URL(location, next).href;
    if (next.startsWith(redirectUri)) return next;
  }
  throw new Error(`The provider sends the browser around in circles, last to ${next}`);
}

/** Makes the provider do this wrong, once, when this person signs in next. */
export async function tamperWith(issuer: string, account: Account, tampering: Tampering): Promise<void> {
  const body = JSON.stringify({ ...tampering, subject: account.subject });
  const response = await fetch(`${issuer}/tamper`, { method: 'POST', body });
  if (response.status !== 204) throw new Error(`The provider answered ${response.status}.`);
}

/** Grants at the provider of the test run that nobody had to sign in for, each of a person of its own. */
export function seedGrants(issuer: string, count: number, options: SeedOptions = {}): Promise<SeededGrant[]> {
  return control(issuer, 'seed', { ...options, count });
}

/** How often this refresh token was brought to the token endpoint, and with which success. */
export function redemptionsOf(issuer: string, refreshToken: string): Promise<Redemptions> {
  return control(issuer, 'redemptions', { refreshToken });
}

/** The grants that a person gave, the oldest first: alive or not, and how often each was refreshed. */
export function grantsOf(issuer: string, subject: string): Promise<GrantReport[]> {
  return control(issuer, 'grants', { subject });
}

/** As if the person took the leave back at the provider. */
export async function revokeGrant(issuer: string, grantId: string): Promise<void> {
  await control(issuer, 'revoke', { grantId });
}

async function control<T>(issuer: string, action: string, input: ControlInput): Promise<T> {
  const response = await fetch(`${issuer}/control/${action}`, { method: 'POST', body: JSON.stringify(input) });
  if (!response.ok) throw new Error(`The provider answered ${response.status}: ${await response.text()}`);
  return response.json();
}

function loginHint(account: Account): string {
  const bytes = new TextEncoder().encode(JSON.stringify(account));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}

/** Paths are left out of account: no two cookies of one sign-in share a name. */
function keep(cookies: Map<string, string>, header: string): void {
  const [name = '', value = ''] = (header.split(';')[0] ?? '').split(/=(.*)/);
  if (value === '') cookies.delete(name);
  else cookies.set(name, value);
}

function cookieHeader(cookies: ReadonlyMap<string, string>): string {
  return [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
}
