/** What the attacks have in common: people's browsers, at our own pages and at the provider of the test run. */
import { newId } from '../../src/lib/ids.ts';
import { type Account, signInAt, type Tampering, tamperWith } from '../support/oidc-provider.ts';
import { call, type CallOptions, newAddress, owner, PUBLIC_URL, readMail, send, workerEnv } from '../support/worker.ts';

export const newEmail = () => `${newId()}@example.com`;

/** What a sign-in answers to a program. */
export interface SignedIn {
  readonly userId: string;
  readonly sessionId: string;
  readonly sessionToken: string;
  readonly redirectUrl: string | null;
}

/** Asks for a sign-in mail as a program, and reads it. */
export async function askForLink(email: string, options: CallOptions & { redirectUrl?: string } = {}) {
  const { redirectUrl, ...rest } = options;
  const input = { email, delivery: 'bearer', redirectUrl };
  const asked = await call<{ requestSecret: string }>('auth.requestMagicLink', input, rest);
  const mail = await readMail(email);
  if (!mail) throw new Error(`No mail: ${asked.status} ${asked.code}`);
  return { ...mail, requestSecret: asked.data.requestSecret };
}

export const verifyLink = (input: object, options?: CallOptions) =>
  call<SignedIn>('auth.verifyMagicLink', { delivery: 'bearer', ...input }, options);

export const verifyCode = (input: object, options?: CallOptions) =>
  call<SignedIn>('auth.verifyMagicCode', { delivery: 'bearer', ...input }, options);

/** Who a bearer is, and why not. */
export const whoIs = (token: string) => call('auth.getSession', undefined, { token });

/** What a list of somebody's own things answers, such as `auth.listPasskeys`. */
export async function listOf(me: { readonly token: string }, path: string): Promise<{ id: string; name?: unknown }[]> {
  return (await call<{ items: { id: string; name?: unknown }[] }>(path, undefined, me)).data.items;
}

/** A request as a browser sends it; a redirect is the answer, not followed. */
export function browse(path: string, init: RequestInit = {}, settings?: Record<string, unknown>): Promise<Response> {
  const headers = new Headers(init.headers);
  if (!headers.has('accept')) headers.set('accept', 'text/html');
  return send(new Request(PUBLIC_URL + path, { redirect: 'manual', ...init, headers }), settings);
}

/** A form as a page of ours sends it. */
export function submit(path: string, fields: Record<string, string>, cookie = ''): Promise<Response> {
  const headers = { origin: PUBLIC_URL, cookie };
  return browse(path, { method: 'POST', body: new URLSearchParams(fields), headers });
}

/** `name=value` of a cookie that an answer sets; '' when it sets none, or takes it away. */
export function cookieOf(response: Response, name: string): string {
  return new RegExp(`gatehouse_${name}=[^;]+`).exec(response.headers.get('set-cookie') ?? '')?.[0] ?? '';
}

/** A sign-in with a provider that a browser has begun. */
export interface Begun {
  /** Where the browser is sent. */
  readonly authorizationUrl: string;
  readonly state: string;
  /** The browser's own cookie. */
  readonly cookie: string;
}

interface BeginOptions extends CallOptions {
  readonly input?: object;
  /** Of the browser, which may have begun something before. */
  readonly cookie?: string;
}

/** Begins signing in with the demo provider, or whatever the input says. */
export function beginSignIn(options: BeginOptions = {}): Promise<Begun> {
  return begin('auth.startSocialSignIn', options);
}

/** Begins linking an account at the provider to that of the session. */
export function beginLink(token: string): Promise<Begun> {
  return begin('auth.startSocialLink', { token });
}

async function begin(path: string, { input, cookie = '', ...options }: BeginOptions): Promise<Begun> {
  const headers = { origin: PUBLIC_URL, cookie, ...options.headers };
  const begun = await call<{ authorizationUrl: string }>(path, { provider: 'demo', ...input }, { ...options, headers });
  if (begun.status !== 200) throw new Error(`Not begun: ${begun.status} ${begun.code}`);
  const { authorizationUrl } = begun.data;
  const state = new URL(authorizationUrl).searchParams.get('state') ?? '';
  return { authorizationUrl, state, cookie: cookieOf(begun.response, 'sign_in') };
}

/** What became of a browser that came back from a provider. */
export interface Returned {
  /** Where it is sent next: the refusal's code is in it. */
  readonly location: string;
  /** The secret of its session; '' when it has none. */
  readonly session: string;
}

/**
 * A browser comes back from a provider.
 * @param address where the provider sent it, or a path and query of one's own making
 */
export async function comeBack(address: string, cookie: string, settings?: Record<string, unknown>): Promise<Returned> {
  const { pathname, search } = new URL(address, PUBLIC_URL);
  const response = await browse(pathname + search, { headers: { cookie } }, settings);
  const session = cookieOf(response, 'session').split('=')[1] ?? '';
  return { location: response.headers.get('location') ?? `${response.status} ${await response.text()}`, session };
}

/** The refusal that a browser comes back to. */
export const refusal = (code: string) => `/sign-in?problem=${code}`;

/** The whole way of signing in with the demo provider; the provider may be told to do one thing wrong. */
export async function signInWith(account: Account, tampering?: Tampering): Promise<Returned> {
  if (tampering) await tamperWith(String(workerEnv.DEMO_ISSUER), account, tampering);
  const begun = await beginSignIn();
  return comeBack(await signInAt(begun.authorizationUrl, account), begun.cookie);
}

/** Links an account at the provider to that of the session, in its browser. */
export async function linkWith(account: Account, token: string): Promise<Returned> {
  const begun = await beginLink(token);
  return comeBack(await signInAt(begun.authorizationUrl, account), `${begun.cookie}; gatehouse_session=${token}`);
}

/** The user of an address, if there is one. */
export async function userOf(email: string): Promise<string | undefined> {
  const [row] = await owner.query<{ id: string }>('select id from users where lower(email) = lower($1)', [email]);
  return row?.id;
}

/** How many sessions a user has. */
export async function sessionsOf(userId: string): Promise<number> {
  return (await owner.query('select id from user_sessions where user_id = $1', [userId])).length;
}

/** A call from a network of one's own choosing. */
export const from = (address = newAddress()) => ({ 'cf-connecting-ip': address });
