import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { insert, newPerson } from '../../support/owner.ts';
import { moveOn, signInByMail } from '../../support/sign-in.ts';
import { call, owner, readMail } from '../../support/worker.ts';

const newEmail = () => `${newId()}@example.com`;
const alerts = (userId: string) =>
  owner.query<{ kind: string }>('select kind from security_alerts where user_id = $1 order by created_at', [userId]);

describe('a sign-in from a new device', () => {
  it('is told to the user by mail; a known one is not, nor the very first', async () => {
    const email = newEmail();
    const { device } = await signInByMail(email);
    const [user] = await owner.query<{ id: string }>('select id from users where email = $1', [email]);
    const userId = user?.id ?? '';
    expect(device).not.toBe('');
    expect(await alerts(userId)).toEqual([]);
    const again = await moveOn(userId, newEmail());
    expect((await signInByMail(again, { cookies: device })).device).toBe(device);
    expect(await alerts(userId)).toEqual([]);
    const last = await moveOn(userId, newEmail());
    await signInByMail(last);
    expect(await alerts(userId)).toEqual([{ kind: 'new_device' }]);
    expect((await readMail(last))?.text).toContain('/not-me#token=');
  });
});

describe('"this wasn’t me"', () => {
  it('ends every session, undoes what came since, and can be sent again', async () => {
    const me = await newPerson(owner);
    const before = await call<{ id: string; token: string }>(
      'auth.createToken',
      { name: 'old', scopes: ['profile:read'] },
      me,
    );
    await owner.query("update api_tokens set created_at = now() - interval '1 day' where id = $1", [before.data.id]);
    await owner.query('delete from security_alerts where user_id = $1', [me.userId]);
    const made = await call<{ token: string }>('auth.createToken', { name: 'new', scopes: ['profile:read'] }, me);
    await insert(owner, 'passkeys', {
      user_id: me.userId,
      credential_id: '\\x01' + me.userId.replaceAll('-', ''),
      public_key: '\\x01',
    });
    const mail = await readMail(me.email);
    const report = () => call('auth.reportNotMe', { token: mail?.token });
    expect((await report()).status).toBe(200);
    expect((await call('auth.getSession', undefined, me)).code).toBe('session.revoked');
    expect((await call('account.getProfile', undefined, { token: made.data.token })).code).toBe('token.revoked');
    expect((await call('account.getProfile', undefined, { token: before.data.token })).status).toBe(200);
    expect(await owner.query('select id from passkeys where user_id = $1', [me.userId])).toEqual([]);
    expect((await report()).status).toBe(200);
    const events = await owner.query(
      "select id from login_history where user_id = $1 and event_type = 'account_secured'",
      [me.userId],
    );
    expect(events).toHaveLength(1);
  });

  it('undoes a token that replaced another, and the mail of the replacing says so', async () => {
    const me = await newPerson(owner);
    const input = { name: 'ci', scopes: ['profile:read'] };
    const old = await call<{ id: string; token: string }>('auth.createToken', input, me);
    await owner.query("update api_tokens set created_at = now() - interval '1 day' where id = $1", [old.data.id]);
    const headers = { 'idempotency-key': newId() };
    const rotate = () => call<{ token: string }>('auth.rotateToken', { tokenId: old.data.id }, { ...me, headers });
    const { data } = await rotate();
    const mail = await readMail(me.email);
    expect([mail?.subject, mail?.text]).toEqual([
      expect.stringContaining('API token replaced'),
      expect.stringContaining('Token: ci'),
    ]);
    expect((await rotate()).data.token).toBe(data.token);
    expect((await alerts(me.userId)).map(({ kind }) => kind)).toEqual(['token_created', 'token_rotated']);
    expect((await call('auth.reportNotMe', { token: mail?.token })).status).toBe(200);
    expect((await call('account.getProfile', undefined, { token: data.token })).code).toBe('token.revoked');
    expect((await call('account.getProfile', undefined, { token: old.data.token })).status).toBe(200);
  });

  it('changes a changed address back', async () => {
    const me = await newPerson(owner);
    const email = `${newId()}@example.com`;
    const asked = await call<{ requestSecret: string }>(
      'account.requestEmailChange',
      { email, delivery: 'bearer' },
      me,
    );
    const proof = { token: (await readMail(email))?.token, requestSecret: asked.data.requestSecret };
    expect((await call('account.confirmEmailChange', proof, me)).data).toEqual({ email });
    const mail = await readMail(me.email);
    expect((await call('auth.reportNotMe', { token: mail?.token })).status).toBe(200);
    expect(await owner.query('select email from users where id = $1', [me.userId])).toEqual([{ email: me.email }]);
  });

  it('of a made-up or an old mail does nothing', async () => {
    const me = await newPerson(owner);
    await call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, me);
    const mail = await readMail(me.email);
    await owner.query('update security_alerts set expires_at = now() where user_id = $1', [me.userId]);
    expect((await call('auth.reportNotMe', { token: mail?.token })).code).toBe('alert.invalid');
    expect((await call('auth.reportNotMe', { token: 'x'.repeat(43) })).code).toBe('alert.invalid');
    expect((await call('auth.getSession', undefined, me)).status).toBe(200);
  });
});
