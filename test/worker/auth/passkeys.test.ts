import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { createAuthenticator, type Overrides } from '../../support/authenticator.ts';
import { inHours, insert, newPerson, newSession, type Person } from '../../support/owner.ts';
import { answerToSignIn, registerPasskey, sendSignIn, signInByPasskey, withPasskey } from '../../support/passkeys.ts';
import { call, keyedHeaders, owner, PUBLIC_URL, readMail, send } from '../../support/worker.ts';

const historyOf = (me: Person) =>
  owner.query(
    'select event_type, auth_method, success, failure_reason from login_history where user_id = $1 order by created_at',
    [me.userId],
  );
const list = (me: Pick<Person, 'token'>) =>
  call<{ items: { id: string; name: string | null; credentialId: string }[] }>('auth.listPasskeys', undefined, me);

describe('a passkey', () => {
  it('is added, signs in without a user name, and is noted', async () => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me, { aaguid: 'fbfc3007-154e-4ecc-8c0b-6e020557d7bd' });
    const { data } = await list(me);
    expect(data.items).toMatchObject([{ credentialId: authenticator.passkeys[0]?.id, name: expect.any(String) }]);
    const signedIn = await signInByPasskey(authenticator);
    expect(signedIn.data.userId).toBe(me.userId);
    expect((await call('auth.getSession', undefined, { token: signedIn.data.sessionToken })).status).toBe(200);
    expect(await historyOf(me)).toEqual([
      { event_type: 'passkey_added', auth_method: 'passkey', success: true, failure_reason: null },
      { event_type: 'login_success', auth_method: 'passkey', success: true, failure_reason: null },
    ]);
    expect((await readMail(me.email))?.text).toContain('/not-me#token=');
  });

  it('signs a browser in by cookie', async () => {
    const me = await newPerson(owner);
    const response = await answerToSignIn(await withPasskey(me));
    const done = await call('auth.finishPasskeySignIn', { response }, { headers: { origin: PUBLIC_URL } });
    expect(done.response.headers.get('set-cookie')).toMatch(/gatehouse_session=gts_.*HttpOnly/);
    expect(done.data['sessionToken']).toBeNull();
  });

  it('is known by a handle of 64 bytes, the same for each passkey of a user', async () => {
    const me = await newPerson(owner);
    const authenticator = await createAuthenticator();
    const first = await registerPasskey(me, authenticator);
    const other = await createAuthenticator();
    await registerPasskey(me, other);
    expect(first.status).toBe(200);
    expect(atob((authenticator.passkeys[0]?.userHandle ?? '').replace(/-/g, '+').replace(/_/g, '/'))).toHaveLength(64);
    expect(other.passkeys[0]?.userHandle).toBe(authenticator.passkeys[0]?.userHandle);
  });

  it('is not added twice to one authenticator: the options exclude what is there', async () => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me);
    await expect(registerPasskey(me, authenticator)).rejects.toThrow('does not do that');
  });

  it('is renamed and removed by its owner', async () => {
    const me = await newPerson(owner);
    await withPasskey(me);
    const passkeyId = (await list(me)).data.items[0]?.id;
    expect((await call('auth.renamePasskey', { passkeyId, name: 'My phone' }, me)).data).toMatchObject({
      name: 'My phone',
    });
    expect((await call('auth.deletePasskey', { passkeyId }, me)).status).toBe(200);
    expect((await list(me)).data.items).toEqual([]);
    expect((await call('auth.deletePasskey', { passkeyId }, me)).code).toBe('passkey.not_found');
  });

  it('of somebody else is neither renamed nor removed', async () => {
    const stranger = await newPerson(owner);
    await withPasskey(stranger);
    const passkeyId = (await list(stranger)).data.items[0]?.id;
    const me = await newPerson(owner);
    expect((await call('auth.renamePasskey', { passkeyId, name: 'mine' }, me)).code).toBe('passkey.not_found');
    expect((await call('auth.deletePasskey', { passkeyId }, me)).code).toBe('passkey.not_found');
    expect((await list(stranger)).data.items).toHaveLength(1);
  });

  it('is one of ten at the most', async () => {
    const me = await newPerson(owner);
    const start = await call<{ options: Record<string, unknown> }>('auth.startPasskeyRegistration', undefined, me);
    const response = await (await createAuthenticator()).register(start.data.options);
    for (let i = 0; i < 10; i += 1) {
      await insert(owner, 'passkeys', {
        user_id: me.userId,
        credential_id: `\\x${newId().replaceAll('-', '')}`,
        public_key: '\\x00',
      });
    }
    expect((await call('auth.finishPasskeyRegistration', { response }, me)).code).toBe('passkey.limit_reached');
    expect((await call('auth.startPasskeyRegistration', undefined, me)).code).toBe('passkey.limit_reached');
  });

  it('is added only by who proved lately who they are', async () => {
    const me = await newPerson(owner, { session: { authenticated_at: inHours(-1) } });
    expect((await call('auth.startPasskeyRegistration', undefined, me)).code).toBe('step_up.required');
  });
});

describe('a ceremony', () => {
  it('takes each challenge once', async () => {
    const authenticator = await withPasskey(await newPerson(owner));
    const response = await answerToSignIn(authenticator);
    expect((await sendSignIn(response)).status).toBe(200);
    expect((await sendSignIn(response)).code).toBe('passkey.challenge_used');
  });

  it('answers the same session when the same request is sent again', async () => {
    const authenticator = await withPasskey(await newPerson(owner));
    const response = await answerToSignIn(authenticator);
    const headers = keyedHeaders();
    const first = await sendSignIn(response, { headers });
    expect((await sendSignIn(response, { headers })).data).toEqual(first.data);
  });

  it('takes no challenge of another ceremony, or of another session', async () => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me);
    const stepUp = await call<{ passkeyOptions: Record<string, unknown> }>('auth.startStepUp', undefined, me);
    const response = await authenticator.assert(stepUp.data.passkeyOptions);
    expect((await sendSignIn(response)).code).toBe('passkey.challenge_invalid');
    const other = await newSession(owner, me.userId);
    expect((await call('auth.stepUp', { response, delivery: 'bearer' }, other)).code).toBe('passkey.challenge_invalid');
    const start = await call<{ options: Record<string, unknown> }>('auth.startPasskeyRegistration', undefined, me);
    const made = await (await createAuthenticator()).register(start.data.options);
    expect((await call('auth.finishPasskeyRegistration', { response: made }, other)).code).toBe(
      'passkey.challenge_invalid',
    );
  });

  const refusals: [name: string, overrides: Overrides, code: string][] = [
    ['of another origin', { origin: 'https://evil.example' }, 'passkey.origin_mismatch'],
    ['of another site', { rpId: 'evil.example' }, 'passkey.rp_mismatch'],
    ['of the other type', { type: 'webauthn.create' }, 'passkey.type_mismatch'],
    ['that saw nobody', { userPresent: false }, 'passkey.user_not_present'],
    ['that did not check who it was', { userVerified: false }, 'passkey.user_not_verified'],
    ['with another user’s handle', { userHandle: 'AAAA' }, 'passkey.user_mismatch'],
    ['without a handle', { userHandle: null }, 'passkey.user_mismatch'],
  ];
  it.each(refusals)('refuses an answer %s, spends its challenge and notes it', async (_, overrides, code) => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me);
    const response = await answerToSignIn(authenticator, overrides);
    const refused = await sendSignIn(response);
    expect(refused.code).toBe(code);
    expect((await historyOf(me)).at(-1)).toMatchObject({ event_type: 'login_failed', failure_reason: code });
  });

  it('refuses a passkey it does not know', async () => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me);
    await owner.query('delete from passkeys where user_id = $1', [me.userId]);
    expect((await signInByPasskey(authenticator)).code).toBe('passkey.unknown');
  });

  it('does not sign a suspended user in', async () => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me);
    await owner.query('update users set suspended_at = now() where id = $1', [me.userId]);
    expect((await signInByPasskey(authenticator)).code).toBe('user.suspended');
  });
});

describe('the counter', () => {
  it('of a copy is refused, and the owner is told', async () => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me, { counter: 5 });
    expect((await signInByPasskey(authenticator)).status).toBe(200);
    expect((await signInByPasskey(authenticator, { counter: 6 })).code).toBe('passkey.counter_regressed');
    expect((await historyOf(me)).at(-1)).toMatchObject({ failure_reason: 'passkey.counter_regressed' });
    const alerts = await owner.query(
      "select kind from security_alerts where user_id = $1 and kind = 'passkey_copied'",
      [me.userId],
    );
    expect(alerts).toHaveLength(1);
    expect((await signInByPasskey(authenticator, { counter: 0 })).code).toBe('passkey.counter_regressed');
  });

  it('that is always zero is no sign of a copy', async () => {
    const authenticator = await withPasskey(await newPerson(owner));
    expect((await signInByPasskey(authenticator)).status).toBe(200);
    expect((await signInByPasskey(authenticator)).status).toBe(200);
  });
});

describe('step-up by passkey', () => {
  const start = (me: Pick<Person, 'token'>) =>
    call<{ passkeyOptions: Record<string, unknown> }>('auth.startStepUp', undefined, me);

  it('opens what asks for it, gives a new secret, and is noted as mfa', async () => {
    const me = await newPerson(owner);
    const authenticator = await withPasskey(me);
    await owner.query("update user_sessions set authenticated_at = now() - interval '1 hour' where id = $1", [
      me.sessionId,
    ]);
    const response = await authenticator.assert((await start(me)).data.passkeyOptions);
    const done = await call<{ sessionToken: string }>('auth.stepUp', { response, delivery: 'bearer' }, me);
    expect(done.status).toBe(200);
    expect((await call('auth.startPasskeyRegistration', undefined, { token: done.data.sessionToken })).status).toBe(
      200,
    );
    expect((await call('auth.getSession', undefined, me)).code).toBe('credential.invalid');
    expect((await historyOf(me)).at(-1)).toMatchObject({ event_type: 'login_success', auth_method: 'mfa' });
  });

  it('takes no passkey of somebody else', async () => {
    const me = await newPerson(owner);
    await withPasskey(me);
    const other = await withPasskey(await newPerson(owner));
    const { passkeyOptions } = (await start(me)).data;
    const response = await other.assert({ ...passkeyOptions, allowCredentials: [] });
    expect((await call('auth.stepUp', { response, delivery: 'bearer' }, me)).code).toBe('passkey.unknown');
  });
});

describe('the last way in', () => {
  it('stays: a passkey is not removed when nothing else would be left', async () => {
    const me = await newPerson(owner);
    await withPasskey(me);
    await owner.query('update users set email_verified_at = null where id = $1', [me.userId]);
    const passkeyId = (await list(me)).data.items[0]?.id;
    expect((await call('auth.deletePasskey', { passkeyId }, me)).code).toBe('credential.last');
    await owner.query('update users set email_verified_at = now() where id = $1', [me.userId]);
    expect((await call('auth.deletePasskey', { passkeyId }, me)).status).toBe(200);
  });
});

it('related origins are listed, and nothing else', async () => {
  const response = await send(new Request(`${PUBLIC_URL}/.well-known/webauthn`), {
    RELATED_ORIGINS: 'https://example.net',
  });
  expect(await response.json()).toEqual({ origins: [PUBLIC_URL, 'https://example.net'] });
});
