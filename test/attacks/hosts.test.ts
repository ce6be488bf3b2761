import { expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { owner, send } from '../support/worker.ts';
import { from, newEmail, verifyLink } from './support.ts';

// A deployment: in development, other hosts are not answered at all (development.test.ts).
const evil = 'https://evil.example';
const publicUrl = 'https://account.example.com';

/** What Cloudflare's binding was given to send. */
const sent: { to: string; text: string }[] = [];
const deployment = {
  ENVIRONMENT: 'production',
  PUBLIC_URL: publicUrl,
  NEON_SQL_ENDPOINT: undefined,
  DEMO_ISSUER: undefined,
  DEMO_CLIENT_ID: undefined,
  DEMO_CLIENT_SECRET: undefined,
  GOOGLE_CLIENT_ID: 'id',
  GOOGLE_CLIENT_SECRET: 'secret',
  EMAIL: { send: async (mail: (typeof sent)[number]) => void sent.push(mail) },
};

const mailTo = (address: string) => sent.findLast(({ to }) => to === address);
const at = (request: Request) => send(request, deployment);
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
  return at(new Request(`${host}/trpc/${path}`, { method: 'POST', headers: all, body: JSON.stringify(input) }));
}

it('GHSA-3529-5m8x-rpv3: a mailed link leads to the fixed address, whatever host was asked', async () => {
  for (const [host, headers] of [
    [evil, { host: 'evil.example' }],
    [publicUrl, { host: 'evil.example' }],
    [evil, {}],
  ] as const) {
    const email = newEmail();
    const asked = await callAt(host, 'auth.requestMagicLink', { email, delivery: 'bearer' }, headers);
    const { result } = (await asked.json()) as { result: { data: { requestSecret: string } } };
    const text = mailTo(email)?.text ?? '';
    expect(text).toContain(`${publicUrl}/sign-in#token=`);
    expect(text).not.toContain('evil');
    const [, token] = /#token=([\w-]+)/.exec(text) ?? [];
    expect((await verifyLink({ token, requestSecret: result.data.requestSecret })).status).toBe(200);
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
    const { text } = mailTo(to) ?? {};
    expect(text, path).toContain(`${publicUrl}${page}`);
    expect(text, path).not.toContain('evil');
  }
});

it('GHSA-pgx2-m66h-x29f: nor does a host decide where a provider sends the browser back to', async () => {
  const begun = await callAt(
    evil,
    'auth.startSocialSignIn',
    { provider: 'google', redirectUrl: '/account' },
    forwarded,
  );
  const { result } = (await begun.json()) as { result: { data: { authorizationUrl: string } } };
  const { searchParams } = new URL(result.data.authorizationUrl);
  expect(searchParams.get('redirect_uri')).toBe(`${publicUrl}/oauth/callback/google`);
  expect(result.data.authorizationUrl).not.toContain('evil');
});

it('GHSA-pgx2-m66h-x29f: nor is the host that was asked a trusted origin, or a passkey’s site', async () => {
  const email = newEmail();
  const headers = { origin: evil, ...forwarded };
  expect((await callAt(evil, 'auth.requestMagicLink', { email }, headers)).status).toBe(403);
  expect(mailTo(email)).toBeUndefined();
  const start = await callAt(evil, 'auth.startPasskeySignIn', {}, forwarded);
  expect(await start.text()).toContain('"rpId":"account.example.com"');
  const related = await at(new Request(`${evil}/.well-known/webauthn`, { headers: forwarded }));
  expect(await related.json()).toEqual({ origins: [publicUrl] });
  expect((await callAt(evil, 'auth.requestMagicLink', { email }, { origin: publicUrl })).status).toBe(200);
});
