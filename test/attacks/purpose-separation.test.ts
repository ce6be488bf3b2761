import { expect, it } from 'vitest';
import { newPerson } from '../support/owner.ts';
import { newAccount, signInAt } from '../support/oidc-provider.ts';
import { withPasskey } from '../support/passkeys.ts';
import { call, owner, readMail } from '../support/worker.ts';
import {
  askForLink,
  beginLink,
  beginSignIn,
  comeBack,
  newEmail,
  refusal,
  userOf,
  verifyLink,
  whoIs,
} from './support.ts';

/** Somebody with one secret of every purpose, none of them used. */
async function everySecret() {
  const me = await newPerson(owner);
  await call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, me);
  const alert = await readMail(me.email);
  const stepUp = await call<{ requestSecret: string }>('auth.requestStepUpMail', { delivery: 'bearer' }, me);
  const stepUpMail = await readMail(me.email);
  const email = newEmail();
  const change = await call<{ requestSecret: string }>('account.requestEmailChange', { email, delivery: 'bearer' }, me);
  const changeMail = await readMail(email);
  const { token, requestSecret } = await askForLink(me.email);
  const social = await beginSignIn();
  return {
    me,
    link: { token, requestSecret },
    stepUp: { token: stepUpMail?.token ?? '', requestSecret: stepUp.data.requestSecret },
    emailChange: { token: changeMail?.token ?? '', requestSecret: change.data.requestSecret },
    alert: { token: alert?.token ?? '', requestSecret: undefined },
    state: { token: social.state, requestSecret: social.cookie.split('=')[1] },
    linkState: { token: (await beginLink(me.token)).state, requestSecret: undefined },
    session: { token: me.token, requestSecret: undefined },
  };
}

it('CVE-2026-114607, CVE-2026-110862: an OAuth state is not taken for a magic link', async () => {
  const { state, cookie, authorizationUrl } = await beginSignIn();
  const requestSecret = cookie.split('=')[1];
  expect((await verifyLink({ token: state, requestSecret })).code).toBe('magic_link.invalid');
  const account = newAccount();
  const returned = await comeBack(await signInAt(authorizationUrl, account), cookie);
  expect((await whoIs(returned.session)).data).toMatchObject({ email: account.email });
});

it('CVE-2026-114607: no secret is taken for one of another purpose', async () => {
  const { me, ...secrets } = await everySecret();
  const uses = {
    link: (secret: object) => call('auth.verifyMagicLink', { ...secret, delivery: 'bearer' }),
    emailChange: (secret: object) => call('account.confirmEmailChange', secret, me),
    stepUp: (secret: object) => call('auth.stepUp', { ...secret, delivery: 'bearer' }, me),
    alert: ({ token }: { token: string }) => call('auth.reportNotMe', { token }),
    session: ({ token }: { token: string }) => call('auth.getSession', undefined, { token }),
  };
  const codes = { link: 'magic_link', emailChange: 'magic_link', stepUp: 'magic_link', alert: 'alert' };
  for (const [purpose, use] of Object.entries(uses)) {
    for (const [other, secret] of Object.entries(secrets).filter(([name]) => name !== purpose)) {
      const { status, code } = await use(secret);
      const expected = purpose === 'session' ? 'credential.malformed' : `${codes[purpose as 'link']}.invalid`;
      expect([status, code], `${other} as ${purpose}`).toEqual([purpose === 'session' ? 401 : 400, expected]);
    }
  }
  for (const [other, { token, requestSecret }] of Object.entries(secrets)) {
    if (other === 'state' || other === 'linkState') continue;
    const path = `/oauth/callback/demo?code=x&state=${token}&iss=x`;
    const { location } = await comeBack(path, `gatehouse_sign_in=${requestSecret ?? ''}`);
    expect(location, `${other} as state`).toBe(refusal('oauth_state.invalid'));
  }
  // Each was good all the while, for its own.
  expect((await uses.session(secrets.session)).status).toBe(200);
  // The link first: after the change it would be one to an address of before.
  expect((await uses.link(secrets.link)).code).toBe(undefined);
  expect((await uses.emailChange(secrets.emailChange)).status).toBe(200);
  expect((await uses.stepUp(secrets.stepUp)).status).toBe(200);
  expect((await uses.alert(secrets.alert)).status).toBe(200);
});

it('CVE-2026-114607: the state of a link is not taken for one of a sign-in, nor the other way round', async () => {
  const me = await newPerson(owner);
  const account = newAccount();
  const linking = await beginLink(me.token);
  // As a sign-in: without the session that began it, the answer links nothing and signs nobody in.
  const { session } = await comeBack(await signInAt(linking.authorizationUrl, account), linking.cookie);
  expect(session).toBe('');
  expect(await userOf(account.email)).toBeUndefined();
  // As a link: a sign-in that was begun by nobody links nothing to whoever is signed in.
  const signIn = await beginSignIn();
  const cookies = `${signIn.cookie}; gatehouse_session=${me.token}`;
  const returned = await comeBack(await signInAt(signIn.authorizationUrl, account), cookies);
  expect((await whoIs(returned.session)).data).toMatchObject({ email: account.email });
  expect((await call('auth.listSocialAccounts', undefined, me)).data).toEqual({ items: [] });
});

it('CVE-2026-114607: a passkey’s answer to one ceremony is not taken in another', async () => {
  const me = await newPerson(owner);
  const authenticator = await withPasskey(me);
  const signIn = await call<{ options: object }>('auth.startPasskeySignIn');
  const response = await authenticator.assert(signIn.data.options);
  const stepUp = await call('auth.stepUp', { response, delivery: 'bearer' }, me);
  expect(stepUp.code).toBe('passkey.challenge_invalid');
  expect((await call('auth.finishPasskeySignIn', { response, delivery: 'bearer' })).status).toBe(200);
  const start = await call<{ passkeyOptions: object }>('auth.startStepUp', undefined, me);
  const other = await authenticator.assert(start.data.passkeyOptions);
  const refused = await call('auth.finishPasskeySignIn', { response: other, delivery: 'bearer' });
  expect(refused.code).toBe('passkey.challenge_invalid');
  expect((await call('auth.stepUp', { response: other, delivery: 'bearer' }, me)).status).toBe(200);
});

it('CVE-2026-121802: a state that the caller brings is not used, and vouches for nobody', async () => {
  const mine = 'A'.repeat(43);
  const begun = await beginSignIn({ input: { state: mine, codeChallenge: mine, nonce: mine } });
  expect(begun.authorizationUrl).not.toContain(mine);
  const account = newAccount();
  const address = new URL(await signInAt(begun.authorizationUrl, account));
  address.searchParams.set('state', mine);
  expect((await comeBack(address.href, begun.cookie)).location).toBe(refusal('oauth_state.invalid'));
  address.searchParams.set('state', begun.state);
  expect((await comeBack(address.href, begun.cookie)).session).not.toBe('');
});
