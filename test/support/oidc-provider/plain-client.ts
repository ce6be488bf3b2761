/** An OAuth client of a few lines, by plain fetch: to look at the provider and the proxy themselves. */
import { createHash } from 'node:crypto';
import type { OidcProvider } from '../../../scripts/support/oidc-provider.ts';
import { type Account, signInAt } from '../oidc-provider.ts';

type Provider = Pick<OidcProvider, 'issuer' | 'clientId' | 'clientSecret'>;

export const redirectUri = 'http://localhost:8787/oauth/callback/demo';
const codeVerifier = 'a-verifier-of-this-test-with-at-least-43-characters';

/** An answer of the token endpoint. */
export interface TokenAnswer {
  readonly status: number;
  readonly error?: string;
  readonly access_token: string;
  readonly refresh_token: string;
  readonly scope: string;
  readonly expires_in: number;
}

/** Where a client sends the browser, to be given offline access to these scopes as well. */
export function offlineUrl({ issuer, clientId }: Provider, scope = ''): string {
  const params = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    scope: `openid email profile offline_access ${scope}`.trim(),
    prompt: 'consent',
    state: 'a-state',
    code_challenge: createHash('sha256').update(codeVerifier).digest('base64url'),
    code_challenge_method: 'S256',
  };
  return `${issuer}/auth?${new URLSearchParams(params)}`;
}

/** Posts a form to an endpoint with the client's credentials. @throws what fetch throws */
export function post({ issuer, clientId, clientSecret }: Provider, path: string, form: Record<string, string>) {
  const headers = { authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` };
  return fetch(`${issuer}${path}`, { method: 'POST', headers, body: new URLSearchParams(form) });
}

/** Refreshes, and reads the answer as the JSON that it should be. */
export async function refresh(provider: Provider, refreshToken: string): Promise<TokenAnswer> {
  return read(await post(provider, '/token', { grant_type: 'refresh_token', refresh_token: refreshToken }));
}

/** Signs a person in and redeems the code: all the way to a grant. */
export async function connect(provider: Provider, account: Account, scope?: string): Promise<TokenAnswer> {
  const code = new URL(await signInAt(offlineUrl(provider, scope), account)).searchParams.get('code') ?? '';
  const form = { grant_type: 'authorization_code', code, redirect_uri: redirectUri, code_verifier: codeVerifier };
  return read(await post(provider, '/token', form));
}

async function read(response: Response): Promise<TokenAnswer> {
  return { status: response.status, ...((await response.json()) as Omit<TokenAnswer, 'status'>) };
}
