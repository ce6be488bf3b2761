import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { apple } from '../../../src/connectors/apple.ts';
import { authorizationUrl, deriveSecrets } from '../../../src/connectors/flow.ts';
import { github } from '../../../src/connectors/github.ts';
import { google } from '../../../src/connectors/google.ts';
import { BROWSER_SECRET, REDIRECT_URI, STATE } from './support/provider.ts';

const client = { clientId: 'client-1', clientSecret: 'secret-1' };
const request = { state: STATE, browserSecret: BROWSER_SECRET, redirectUri: REDIRECT_URI };

describe('the secrets of a request', () => {
  it('are the same for the same browser and state, and of the form that RFC 7636 asks for', async () => {
    const first = await deriveSecrets(BROWSER_SECRET, STATE);
    expect(await deriveSecrets(BROWSER_SECRET, STATE)).toEqual(first);
    expect(first.codeVerifier).toMatch(/^[\w-]{43}$/);
    expect(first.nonce).toMatch(/^[\w-]{43}$/);
    expect(first.codeChallenge).toBe(createHash('sha256').update(first.codeVerifier).digest('base64url'));
  });

  it('are others for another browser, another state, and each other', async () => {
    const all = await Promise.all([
      deriveSecrets(BROWSER_SECRET, STATE),
      deriveSecrets(`${BROWSER_SECRET}a`, STATE),
      deriveSecrets(BROWSER_SECRET, `${STATE}a`),
      // The end of one part is not the beginning of the next.
      deriveSecrets(BROWSER_SECRET, `nonce${STATE}`),
    ]);
    const values = all.flatMap((secrets) => Object.values(secrets));
    expect(new Set(values).size).toBe(values.length);
  });
});

describe('the address of a request', () => {
  const paramsOf = async (...[connector, extra]: [typeof google, object?]) =>
    new URL(await authorizationUrl(connector, client, { ...request, ...extra })).searchParams;

  it('suggests an account where the provider takes a suggestion', async () => {
    const hint = { loginHint: 'ada@example.com' };
    expect((await paramsOf(google, hint)).get('login_hint')).toBe('ada@example.com');
    expect((await paramsOf(github, hint)).get('login')).toBe('ada@example.com');
    expect([...(await paramsOf(apple, hint)).values()]).not.toContain('ada@example.com');
  });

  it('asks for a prompt that the provider knows, and for no other', async () => {
    expect((await paramsOf(google, { prompt: 'select_account' })).get('prompt')).toBe('select_account');
    expect((await paramsOf(github, { prompt: 'consent' })).has('prompt')).toBe(false);
    expect((await paramsOf(apple, { prompt: 'login' })).has('prompt')).toBe(false);
  });

  it('adds what the literal adds, which cannot replace what the flow says', async () => {
    const authorizationParams = { access_type: 'offline', state: 'mine', code_challenge_method: 'plain' };
    const params = await paramsOf({ ...google, authorizationParams });
    expect(params.get('access_type')).toBe('offline');
    expect(params.get('state')).toBe(STATE);
    expect(params.get('code_challenge_method')).toBe('S256');
  });

  it('writes a space as %20, as Apple asks', async () => {
    const url = await authorizationUrl(apple, client, request);
    expect(url).toContain('scope=name%20email');
    expect(url).not.toContain('+');
  });

  it('holds no secret', async () => {
    const url = await authorizationUrl(google, client, request);
    const { codeVerifier } = await deriveSecrets(BROWSER_SECRET, STATE);
    for (const secret of [client.clientSecret, BROWSER_SECRET, codeVerifier]) expect(url).not.toContain(secret);
  });
});
