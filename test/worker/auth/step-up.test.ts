import { describe, expect, it } from 'vitest';
import { inHours, newPerson, newSession, type Person } from '../../support/owner.ts';
import { call, newAddress, owner, readMail } from '../../support/worker.ts';

const stale = { session: { authenticated_at: inHours(-1) } };
const guarded = (token: string) => call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, { token });

async function askForMail(me: Pick<Person, 'token' | 'email'>) {
  const { data } = await call<{ requestSecret: string }>('auth.requestStepUpMail', { delivery: 'bearer' }, me);
  const mail = await readMail(me.email);
  return { requestSecret: data.requestSecret, token: mail?.token ?? '', code: mail?.code ?? '' };
}

const stepUp = (token: string, input: object) =>
  call<{ sessionToken: string; freshUntil: string }>('auth.stepUp', { delivery: 'bearer', ...input }, { token });

describe('step-up by mail', () => {
  it.each(['link', 'code'] as const)(
    'by its %s opens what asks for it, and gives the session a new secret',
    async (method) => {
      const me = await newPerson(owner, stale);
      expect((await guarded(me.token)).code).toBe('step_up.required');
      const mail = await askForMail(me);
      const done = await stepUp(me.token, {
        ...(method === 'link' ? { token: mail.token } : { code: mail.code }),
        requestSecret: mail.requestSecret,
      });
      expect(done.status).toBe(200);
      expect(Date.parse(done.data.freshUntil) - Date.now()).toBeGreaterThan(500_000);
      expect((await guarded(done.data.sessionToken)).status).toBe(200);
      expect((await call('auth.getSession', undefined, { token: me.token })).code).toBe('credential.invalid');
      const history = await owner.query(
        "select auth_method, success from login_history where user_id = $1 and event_type = 'login_success'",
        [me.userId],
      );
      expect(history).toEqual([{ auth_method: 'mfa', success: true }]);
    },
  );

  it('works once', async () => {
    const me = await newPerson(owner, stale);
    const mail = await askForMail(me);
    const proof = { token: mail.token, requestSecret: mail.requestSecret };
    const first = await stepUp(me.token, proof);
    expect((await stepUp(first.data.sessionToken, proof)).code).toBe('magic_link.used');
  });

  it('is worth nothing in another session, of the same user or of somebody else', async () => {
    const me = await newPerson(owner, stale);
    const other = await newSession(owner, me.userId, stale.session);
    const stranger = await newPerson(owner, stale);
    const mail = await askForMail(me);
    const proof = { token: mail.token, requestSecret: mail.requestSecret };
    expect((await stepUp(other.token, proof)).code).toBe('magic_link.other_browser');
    expect((await stepUp(stranger.token, proof)).code).toBe('magic_link.other_browser');
    expect((await stepUp(me.token, proof)).status).toBe(200);
  });

  it('takes no link for signing in, and its link signs nobody in', async () => {
    const me = await newPerson(owner, stale);
    const asked = await call<{ requestSecret: string }>(
      'auth.requestMagicLink',
      { email: me.email, delivery: 'bearer' },
      { headers: { 'cf-connecting-ip': newAddress() } },
    );
    const signIn = await readMail(me.email);
    const refused = await stepUp(me.token, {
      token: signIn?.token,
      requestSecret: asked.data.requestSecret,
    });
    expect(refused.code).toBe('magic_link.invalid');
    const mail = await askForMail(me);
    const verified = await call('auth.verifyMagicLink', { token: mail.token, requestSecret: mail.requestSecret });
    expect(verified.code).toBe('magic_link.invalid');
  });

  it('counts three wrong codes, and notes them', async () => {
    const me = await newPerson(owner, stale);
    const mail = await askForMail(me);
    const wrong = mail.code === '000000' ? '000001' : '000000';
    const attempt = (code: string) => stepUp(me.token, { code, requestSecret: mail.requestSecret });
    const codes = [];
    for (let i = 0; i < 4; i += 1) codes.push((await attempt(wrong)).code);
    expect(codes).toEqual(['code.invalid', 'code.invalid', 'code.invalid', 'code.exhausted']);
    expect((await attempt(mail.code)).code).toBe('code.exhausted');
    const failures = await owner.query(
      "select auth_method from login_history where user_id = $1 and event_type = 'login_failed'",
      [me.userId],
    );
    expect(failures).toEqual([{ auth_method: 'mfa' }, { auth_method: 'mfa' }, { auth_method: 'mfa' }]);
  });

  it('needs a verified address', async () => {
    const me = await newPerson(owner, { user: { email_verified_at: null } });
    expect((await call('auth.requestStepUpMail', { delivery: 'bearer' }, me)).code).toBe('email.missing');
    expect((await call('auth.startStepUp', undefined, me)).data).toEqual({ passkeyOptions: null, canMail: false });
  });
});
