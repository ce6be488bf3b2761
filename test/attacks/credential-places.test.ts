/** Each kind of credential has its place; and a browser that signs in leaves no session behind. */
import { describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { newAccount, signInAt } from '../support/oidc-provider.ts';
import { newPerson, newToken, type Person } from '../support/owner.ts';
import { answerToSignIn, withPasskey } from '../support/passkeys.ts';
import { newAddress, owner, PUBLIC_URL, call, readMail } from '../support/worker.ts';
import { beginSignIn, browse, comeBack, cookieOf, newEmail, whoIs } from './support.ts';

const cookie = (secret: string) => ({ origin: PUBLIC_URL, cookie: `gatehouse_session=${secret}` });
const endings = (userId: string) =>
  owner.query("select id from login_history where user_id = $1 and event_type = 'session_revoked'", [userId]);

describe('the session cookie', () => {
  it('takes no API token: neither a person’s nor the deployment’s', async () => {
    const me = await newPerson(owner);
    const personal = await newToken(owner, { kind: 'personal', user_id: me.userId, scopes: '["profile:read"]' });
    const service = await newToken(owner, { kind: 'service', scopes: '["profile:read","admin:read"]' });
    for (const { token } of [personal, service]) {
      for (const path of ['account.getProfile', 'auth.getSession', 'auth.listServiceTokens']) {
        const refused = await call(path, undefined, { headers: cookie(token) });
        expect([refused.status, refused.code], path).toEqual([401, 'credential.missing']);
      }
      const page = await browse('/account', { headers: cookie(token) });
      expect(page.headers.get('location')).toBe('/sign-in?redirect_url=/account');
    }
    // In their own places both work.
    expect((await call('account.getProfile', undefined, { token: personal.token })).status).toBe(200);
    expect((await call('account.getProfile', undefined, { headers: cookie(me.token) })).status).toBe(200);
  });
});

/** The ways into an account, from a browser that holds a session already. Each answers the new session's secret. */
const ways: Record<string, (held: string) => Promise<string>> = {
  'by a mailed link': async (held) => {
    const email = newEmail();
    const asked = await call('auth.requestMagicLink', { email }, { headers: cookie(held) });
    const headers = { ...cookie(held), 'cf-connecting-ip': newAddress() };
    headers.cookie += `; ${cookieOf(asked.response, 'sign_in')}`;
    const input = { token: (await readMail(email))?.token };
    return secretOf(await call('auth.verifyMagicLink', input, { headers }));
  },
  'by a passkey': async (held) => {
    const authenticator = await withPasskey(await newPerson(owner));
    const response = await answerToSignIn(authenticator);
    return secretOf(await call('auth.finishPasskeySignIn', { response }, { headers: cookie(held) }));
  },
  'by a provider': async (held) => {
    const begun = await beginSignIn();
    const address = await signInAt(begun.authorizationUrl, newAccount());
    return (await comeBack(address, `${begun.cookie}; gatehouse_session=${held}`)).session;
  },
};

function secretOf({ response }: { response: Response }): string {
  return cookieOf(response, 'session').split('=')[1] ?? '';
}

describe('signing in over a session', () => {
  it.each(Object.entries(ways))('%s ends it, whoever’s it was, and their history says so', async (_, signIn) => {
    const [before, bystander] = [await newPerson(owner), await newPerson(owner)];
    const session = await signIn(before.token);
    expect((await whoIs(session)).status).toBe(200);
    expect((await whoIs(before.token)).code).toBe('session.revoked');
    expect(await endings(before.userId)).toHaveLength(1);
    expect((await whoIs(bystander.token)).status).toBe(200);
  });

  it('sent again, since the answer was lost, changes nothing', async () => {
    const before = await newPerson(owner);
    const email = newEmail();
    const asked = await call('auth.requestMagicLink', { email }, { headers: cookie(before.token) });
    const { token } = (await readMail(email)) ?? {};
    const headers = {
      origin: PUBLIC_URL,
      cookie: `gatehouse_session=${before.token}; ${cookieOf(asked.response, 'sign_in')}`,
      'idempotency-key': newId(),
    };
    const verify = () => call('auth.verifyMagicLink', { token }, { headers });
    const [first, second] = [await verify(), await verify()];
    expect(second.data).toEqual(first.data);
    expect(await endings(before.userId)).toHaveLength(1);
    expect((await whoIs(secretOf(second))).status).toBe(200);
  });

  it('as a program ends none, and neither does a sign-in that is refused', async () => {
    const before: Person = await newPerson(owner);
    const authenticator = await withPasskey(await newPerson(owner));
    const options = { headers: cookie(before.token) };
    const asProgram = { response: await answerToSignIn(authenticator), delivery: 'bearer' };
    expect((await call('auth.finishPasskeySignIn', asProgram, options)).status).toBe(200);
    const wrong = { response: await answerToSignIn(authenticator, { signedByAnother: true }) };
    expect((await call('auth.finishPasskeySignIn', wrong, options)).code).toBe('passkey.signature_invalid');
    expect((await whoIs(before.token)).status).toBe(200);
    expect(await endings(before.userId)).toEqual([]);
  });
});
