import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { newPerson } from '../../support/owner.ts';
import { call, keyedHeaders, type CallOptions, newAddress, owner, PUBLIC_URL, readMail } from '../../support/worker.ts';

const newEmail = () => `${newId()}@example.com`;

interface Requested {
  requestSecret: string;
  expiresAt: string;
}
interface SignedIn {
  userId: string;
  sessionId: string;
  sessionToken: string;
  redirectUrl: string | null;
}

async function ask(email: string, options: CallOptions & { redirectUrl?: string } = {}) {
  const { redirectUrl, ...rest } = options;
  const asked = await call<Requested>('auth.requestMagicLink', { email, delivery: 'bearer', redirectUrl }, rest);
  const mail = await readMail(email);
  if (asked.status !== 200 || !mail) throw new Error(`No mail: ${asked.status} ${asked.code}`);
  return { ...mail, requestSecret: asked.data.requestSecret };
}

const verify = (input: object, options: CallOptions = {}) =>
  call<SignedIn>('auth.verifyMagicLink', { delivery: 'bearer', ...input }, options);
const verifyCode = (input: object, options: CallOptions = {}) =>
  call<SignedIn>('auth.verifyMagicCode', { delivery: 'bearer', ...input }, options);

describe('a magic link', () => {
  it('makes the account of an unknown address, with the address proven', async () => {
    const email = newEmail();
    const { token, requestSecret } = await ask(email);
    const signedIn = await verify({ token, requestSecret });
    expect(signedIn.status).toBe(200);
    const profile = await call('account.getProfile', undefined, { token: signedIn.data.sessionToken });
    expect(profile.data).toMatchObject({ id: signedIn.data.userId, email });
    expect(profile.data.emailVerifiedAt).not.toBeNull();
  });

  it('signs a known address in to its account, whatever the case of its letters', async () => {
    const person = await newPerson(owner);
    const { token, requestSecret } = await ask(person.email.toUpperCase());
    const signedIn = await verify({ token, requestSecret });
    expect(signedIn.data.userId).toBe(person.userId);
  });

  it('answers the same for known and unknown addresses, and tells in the mail alone', async () => {
    const person = await newPerson(owner);
    const known = await call('auth.requestMagicLink', { email: person.email });
    const unknown = await call('auth.requestMagicLink', { email: newEmail() });
    expect(Object.keys(known.data)).toEqual(Object.keys(unknown.data));
    expect(known.data.requestSecret).toBeNull();
    expect(known.status).toBe(unknown.status);
  });

  it('works once', async () => {
    const { token, requestSecret } = await ask(newEmail());
    expect((await verify({ token, requestSecret })).status).toBe(200);
    expect((await verify({ token, requestSecret })).code).toBe('magic_link.used');
  });

  it('answers the same session when the same verification is sent again', async () => {
    const { token, requestSecret } = await ask(newEmail());
    const headers = keyedHeaders();
    const first = await verify({ token, requestSecret }, { headers });
    const again = await verify({ token, requestSecret }, { headers });
    expect(again.data).toEqual(first.data);
    const sessions = await owner.query('select id from user_sessions where user_id = $1', [first.data.userId]);
    expect(sessions).toHaveLength(1);
  });

  it('is bound to the browser that asked for it', async () => {
    const { token } = await ask(newEmail());
    const other = await ask(newEmail());
    expect((await verify({ token })).code).toBe('magic_link.other_browser');
    expect((await verify({ token, requestSecret: other.requestSecret })).code).toBe('magic_link.other_browser');
  });

  it('is refused ten minutes later, and that is noted for a known user', async () => {
    const person = await newPerson(owner);
    const { token, requestSecret } = await ask(person.email);
    await owner.query("update magic_links set expires_at = now() - interval '1 second' where email = $1", [
      person.email,
    ]);
    expect((await verify({ token, requestSecret })).code).toBe('magic_link.expired');
    const history = await owner.query('select success, failure_reason from login_history where user_id = $1', [
      person.userId,
    ]);
    expect(history).toEqual([{ success: false, failure_reason: 'magic_link.expired' }]);
  });

  it('does not sign a suspended user in', async () => {
    const person = await newPerson(owner, { user: { suspended_at: new Date().toISOString() } });
    const { token, requestSecret } = await ask(person.email);
    expect((await verify({ token, requestSecret })).code).toBe('user.suspended');
  });

  it('carries its token in the fragment, which no server sees', async () => {
    const { text } = await ask(newEmail());
    expect(text).toContain(`${PUBLIC_URL}/sign-in#token=`);
    expect(text).not.toContain('?token=');
  });

  it('makes no account when sign-up is closed; the mail says so, the answer does not', async () => {
    const email = newEmail();
    const settings = { SIGN_UP: 'closed' };
    const asked = await call<Requested>('auth.requestMagicLink', { email, delivery: 'bearer' }, { settings });
    expect(asked.status).toBe(200);
    expect(await readMail(email)).toMatchObject({ token: '', code: '' });
  });

  it('asked for while sign-up was open makes no account once it is closed', async () => {
    const { token, requestSecret } = await ask(newEmail());
    expect((await verify({ token, requestSecret }, { settings: { SIGN_UP: 'closed' } })).code).toBe('sign_up.closed');
  });

  it('leads only to allowed places', async () => {
    const { token, requestSecret } = await ask(newEmail(), { redirectUrl: '/account?tab=1' });
    expect((await verify({ token, requestSecret })).data.redirectUrl).toBe(`${PUBLIC_URL}/account?tab=1`);
    for (const redirectUrl of [
      'https://evil.example',
      '//evil.example',
      '/\\evil.example',
      'https://app.example.com.evil.example',
    ]) {
      const refused = await call('auth.requestMagicLink', { email: newEmail(), redirectUrl });
      expect(refused.code, redirectUrl).toBe('redirect.refused');
    }
  });

  it('asked for twice with one Idempotency-Key is one link; with other input it is refused', async () => {
    const email = newEmail();
    const headers = { ...keyedHeaders(), 'cf-connecting-ip': newAddress() };
    const first = await ask(email, { headers });
    await owner.query('select 1');
    const other = await call('auth.requestMagicLink', { email: newEmail(), delivery: 'bearer' }, { headers });
    expect(other.code).toBe('idempotency_key.reused');
    expect(await owner.query('select id from magic_links where email = $1', [email])).toHaveLength(1);
    expect((await verify({ token: first.token, requestSecret: first.requestSecret })).status).toBe(200);
  });

  it('asked for again under its key, because the answer was lost, is answered again, twice at the most', async () => {
    const email = newEmail();
    const headers = { ...keyedHeaders(), 'cf-connecting-ip': newAddress() };
    const answers = [];
    for (let i = 0; i < 4; i += 1)
      answers.push(await call<Requested>('auth.requestMagicLink', { email, delivery: 'bearer' }, { headers }));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
    expect(new Set(answers.slice(0, 3).map(({ data }) => data.requestSecret)).size).toBe(1);
  });

  it('can be asked for once a minute for one address; the refusal says when', async () => {
    const email = newEmail();
    await ask(email);
    const refused = await call('auth.requestMagicLink', { email });
    expect(refused.status).toBe(429);
    expect(Number(refused.response.headers.get('retry-after'))).toBeGreaterThan(50);
    expect(refused.error?.data.retryAfter).toBe(Number(refused.response.headers.get('retry-after')));
  });
});

describe('the code of the mail', () => {
  it('signs in where the mail was asked for', async () => {
    const email = newEmail();
    const { code, requestSecret } = await ask(email);
    const signedIn = await verifyCode({ code, requestSecret });
    expect(signedIn.status).toBe(200);
    expect((await call('auth.getSession', undefined, { token: signedIn.data.sessionToken })).data).toMatchObject({
      email,
    });
  });

  it('can be tried three times, then not even the right one counts', async () => {
    const { code, requestSecret } = await ask(newEmail());
    const wrong = code === '000000' ? '000001' : '000000';
    const left = [];
    for (let i = 0; i < 3; i += 1)
      left.push((await verifyCode({ code: wrong, requestSecret })).error?.data.attemptsLeft);
    expect(left).toEqual([2, 1, 0]);
    expect((await verifyCode({ code, requestSecret })).code).toBe('code.exhausted');
  });

  it('is worth nothing elsewhere', async () => {
    const { code } = await ask(newEmail());
    const other = await ask(newEmail());
    expect((await verifyCode({ code })).code).toBe('code.invalid');
    expect((await verifyCode({ code, requestSecret: other.requestSecret })).code).toBe('code.invalid');
  });

  it('survives the rotation of the lookup key', async () => {
    const { code, requestSecret } = await ask(newEmail());
    const { workerEnv } = await import('../../support/worker.ts');
    const fresh = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))));
    const settings = { LOOKUP_KEYS: `${String(workerEnv.LOOKUP_KEYS)},new:${fresh}`, LOOKUP_KEY_ACTIVE: 'new' };
    expect((await verifyCode({ code, requestSecret }, { settings })).status).toBe(200);
  });
});

describe('in a browser', () => {
  it('secrets travel in HttpOnly cookies and never in the answer', async () => {
    const email = newEmail();
    const origin = { origin: PUBLIC_URL };
    const asked = await call('auth.requestMagicLink', { email }, { headers: origin });
    const signInCookie = asked.response.headers.get('set-cookie') ?? '';
    expect(signInCookie).toMatch(/^gatehouse_sign_in=[\w.-]+; Max-Age=600; Path=\/; HttpOnly; SameSite=Lax$/);
    const { token = '' } = (await readMail(email)) ?? {};
    const cookie = signInCookie.split(';')[0] ?? '';
    const signedIn = await call<SignedIn>('auth.verifyMagicLink', { token }, { headers: { ...origin, cookie } });
    expect(signedIn.data.sessionToken).toBeNull();
    const [session = ''] = signedIn.response.headers.getSetCookie();
    expect(session).toMatch(/^gatehouse_session=gts_[\w-]{43}; .*HttpOnly; SameSite=Lax$/);
    const mine = await call('auth.getSession', undefined, { headers: { cookie: session.split(';')[0] ?? '' } });
    expect(mine.data).toMatchObject({ email });
  });

  it('cookies carry __Host- and Secure on https', async () => {
    const settings = { PUBLIC_URL: 'https://account.example.com' };
    const headers = { origin: 'https://account.example.com' };
    const asked = await call('auth.requestMagicLink', { email: newEmail() }, { settings, headers });
    expect(asked.response.headers.get('set-cookie')).toMatch(/^__Host-gatehouse_sign_in=.*; Secure$/);
  });

  it('a foreign page can neither ask nor change anything', async () => {
    const headers = { origin: 'https://evil.example' };
    expect((await call('auth.requestMagicLink', { email: newEmail() }, { headers })).code).toBe('origin.untrusted');
    const person = await newPerson(owner);
    const cookie = `gatehouse_session=${person.token}`;
    expect((await call('auth.signOut', undefined, { headers: { ...headers, cookie } })).code).toBe('origin.untrusted');
    expect((await call('auth.signOut', undefined, { headers: { cookie } })).code).toBe('origin.untrusted');
    expect((await call('auth.getSession', undefined, { token: person.token })).status).toBe(200);
  });
});
