import { expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { call, owner, PUBLIC_URL, readMail, send } from '../support/worker.ts';
import { from, newEmail, verifyLink } from './support.ts';

const evil = 'https://evil.example';
const forwarded = {
  'x-forwarded-host': 'evil.example',
  'x-forwarded-proto': 'http',
  'x-forwarded-server': 'evil.example',
  'x-original-host': 'evil.example',
  'x-host': 'evil.example',
  forwarded: 'host=evil.example;proto=http',
};

/** A call that comes to another host, as it does where somebody points a name at the deployment. */
function callAt(host: string, path: string, input: object, headers: Record<string, string> = {}): Promise<Response> {
  const all = { 'content-type': 'application/json', ...from(), ...headers };
  return send(new Request(`${host}/trpc/${path}`, { method: 'POST', headers: all, body: JSON.stringify(input) }));
}

it('GHSA-3529-5m8x-rpv3: a mailed link leads to the fixed address, whatever host was asked', async () => {
  for (const [host, headers] of [
    [evil, { host: 'evil.example' }],
    [PUBLIC_URL, { host: 'evil.example' }],
    [evil, {}],
  ] as const) {
    const email = newEmail();
    const asked = await callAt(host, 'auth.requestMagicLink', { email, delivery: 'bearer' }, headers);
    const { result } = (await asked.json()) as { result: { data: { requestSecret: string } } };
    const mail = await readMail(email);
    expect(mail?.text).toContain(`${PUBLIC_URL}/sign-in#token=`);
    expect(mail?.text).not.toContain('evil');
    expect((await verifyLink({ token: mail?.token, requestSecret: result.data.requestSecret })).status).toBe(200);
  }
});

it('GHSA-pgx2-m66h-x29f: nor where a proxy says another one', async () => {
  const me = await newPerson(owner);
  const email = newEmail();
  const headers = { authorization: `Bearer ${me.token}`, ...forwarded };
  const calls = [
    ['auth.requestMagicLink', { email: newEmail() }, '/sign-in#token='],
    ['auth.requestStepUpMail', { delivery: 'bearer' }, '/step-up#token='],
    ['account.requestEmailChange', { email, delivery: 'bearer' }, '/account/email#token='],
    ['auth.createToken', { name: 'x', scopes: ['profile:read'] }, '/not-me#token='],
  ] as const;
  for (const [path, input, page] of calls) {
    expect((await callAt(evil, path, input, headers)).status, path).toBe(200);
    const to = 'email' in input ? input.email : me.email;
    const mail = await readMail(to);
    expect(mail?.text, path).toContain(`${PUBLIC_URL}${page}`);
    expect(mail?.text, path).not.toContain('evil');
  }
});

it('GHSA-pgx2-m66h-x29f: nor does a host decide where a provider sends the browser back to', async () => {
  const begun = await callAt(evil, 'auth.startSocialSignIn', { provider: 'demo', redirectUrl: '/account' }, forwarded);
  const { result } = (await begun.json()) as { result: { data: { authorizationUrl: string } } };
  const { searchParams } = new URL(result.data.authorizationUrl);
  expect(searchParams.get('redirect_uri')).toBe(`${PUBLIC_URL}/oauth/callback/demo`);
  expect(result.data.authorizationUrl).not.toContain('evil');
  const page = await send(new Request(`${evil}/sign-in`, { headers: { accept: 'text/html' }, redirect: 'manual' }));
  expect(page.headers.get('location')).toBe(`${PUBLIC_URL}/sign-in`);
});

it('GHSA-pgx2-m66h-x29f: nor is the host that was asked a trusted origin, or a passkey’s site', async () => {
  const email = newEmail();
  const headers = { origin: evil, ...forwarded };
  expect((await callAt(evil, 'auth.requestMagicLink', { email }, headers)).status).toBe(403);
  expect(await readMail(email)).toBeNull();
  const start = await callAt(evil, 'auth.startPasskeySignIn', {}, forwarded);
  expect(await start.text()).toContain('"rpId":"localhost"');
  const related = await send(new Request(`${evil}/.well-known/webauthn`, { headers: forwarded }));
  expect(await related.json()).toEqual({ origins: [PUBLIC_URL] });
  const own = await call('auth.requestMagicLink', { email }, { headers: { origin: PUBLIC_URL } });
  expect(own.status).toBe(200);
});
