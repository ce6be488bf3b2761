import { expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { newPerson, newToken } from '../support/owner.ts';
import { newAccount } from '../support/oidc-provider.ts';
import { signInByPasskey, withPasskey } from '../support/passkeys.ts';
import { moveOn } from '../support/sign-in.ts';
import { call, owner, readMail } from '../support/worker.ts';
import {
  askForLink,
  linkWith,
  listOf,
  newEmail,
  refusal,
  signInWith,
  userOf,
  verifyCode,
  verifyLink,
  whoIs,
} from './support.ts';

/** An account under an address that nobody has proven, as an import leaves it; somebody has its session already. */
const unproven = (email: string) => newPerson(owner, { user: { email, email_verified_at: null } });
const accountsOf = (me: { readonly token: string }) => listOf(me, 'auth.listSocialAccounts');

it('CVE-2026-53516: a provider’s account joins no account whose address is not verified here', async () => {
  const email = newEmail();
  const waiting = await unproven(email);
  const victim = newAccount({ email });
  const refused = await signInWith(victim);
  expect(refused).toEqual({ location: refusal('social_account.proof_required'), session: '' });
  expect(await accountsOf(waiting)).toEqual([]);
  // Verified on both sides it joins.
  const known = await newPerson(owner);
  const { session } = await signInWith(newAccount({ email: known.email.toUpperCase() }));
  expect((await whoIs(session)).data).toMatchObject({ userId: known.userId });
});

it('CVE-2026-53516: nor does one whose address the provider has not verified join one that is', async () => {
  const victim = await newPerson(owner);
  const attacker = newAccount({ email: victim.email, isEmailVerified: false });
  const refused = await signInWith(attacker);
  expect(refused).toEqual({ location: refusal('social_account.email_unverified'), session: '' });
  expect(await accountsOf(victim)).toEqual([]);
  const honest = await signInWith({ ...attacker, subject: newId(), isEmailVerified: true });
  expect((await whoIs(honest.session)).data).toMatchObject({ userId: victim.userId });
});

it('CVE-2026-44166: an unverified account of a provider reserves no address', async () => {
  const email = newEmail();
  const attacker = newAccount({ email, isEmailVerified: false });
  expect((await signInWith(attacker)).location).toBe(refusal('social_account.email_unverified'));
  expect(await userOf(email)).toBeUndefined();
  const victim = await signInWith(newAccount({ email }));
  const { data } = await whoIs(victim.session);
  expect(data).toMatchObject({ email });
  expect((await signInWith(attacker)).session).toBe('');
  expect(await accountsOf({ token: victim.session })).toHaveLength(1);
});

it('CVE-2026-44166: what is linked stays with its account when the address at the provider changes', async () => {
  const victim = await newPerson(owner);
  const account = newAccount();
  const attacker = await whoIs((await signInWith(account)).session);
  const moved = await signInWith({ ...account, email: victim.email });
  expect((await whoIs(moved.session)).data).toMatchObject({ userId: attacker.data.userId });
  expect(await accountsOf(victim)).toEqual([]);
});

it('GHSA-qq9h-g4jm-xgf3: when the owner proves an address, what was added before is gone', async () => {
  const email = newEmail();
  const attacker = await unproven(email);
  const account = newAccount();
  expect((await linkWith(account, attacker.token)).location).toContain('/account');
  const passkey = await withPasskey(attacker);
  const personal = { kind: 'personal', user_id: attacker.userId, scopes: '["profile:read"]' };
  const { token } = await newToken(owner, personal);
  const victim = await verifyLink(await askForLink(email));
  expect((await whoIs(victim.data.sessionToken)).data).toMatchObject({ email });
  const left = {
    session: (await whoIs(attacker.token)).status,
    token: (await call('account.getProfile', undefined, { token })).status,
    passkey: (await signInByPasskey(passkey)).data?.userId === victim.data.userId,
    provider: (await whoIs((await signInWith(account)).session)).data?.userId === victim.data.userId,
  };
  expect(left).toEqual({ session: 401, token: 401, passkey: false, provider: false });
});

it('GHSA-qq9h-g4jm-xgf3: what was added after that stays', async () => {
  const email = newEmail();
  const { data } = await verifyLink(await askForLink(email));
  const me = { token: data.sessionToken };
  const passkey = await withPasskey(me);
  const account = newAccount();
  await linkWith(account, me.token);
  const again = await verifyLink(await askForLink(await moveOn(data.userId, newEmail())));
  expect(again.data.userId).toBe(data.userId);
  expect((await signInByPasskey(passkey)).data.userId).toBe(data.userId);
  expect((await whoIs((await signInWith(account)).session)).data).toMatchObject({ userId: data.userId });
  expect((await whoIs(me.token)).status).toBe(200);
});

it('better-auth #11023: who signs up with another’s address is not let in by what its owner does', async () => {
  const email = newEmail();
  const attackers = await askForLink(email);
  expect(await userOf(email)).toBeUndefined();
  // The owner opens the mail in their own browser, and comes in by another way.
  expect((await verifyLink({ token: attackers.token })).code).toBe('magic_link.other_browser');
  expect((await verifyCode({ code: attackers.code })).code).toBe('code.invalid');
  const { session } = await signInWith(newAccount({ email }));
  expect((await whoIs(session)).data).toMatchObject({ email });
  // The attacker holds half of a proof, and no mail.
  const { requestSecret } = attackers;
  expect((await verifyCode({ code: attackers.code === '000000' ? '000001' : '000000', requestSecret })).status).toBe(
    400,
  );
  expect((await verifyLink({ token: 'A'.repeat(43), requestSecret })).code).toBe('magic_link.invalid');
});

it('better-auth #11023: who moves an account to another’s address does not get its owner’s', async () => {
  const email = newEmail();
  const attacker = await newPerson(owner);
  const asked = await call<{ requestSecret: string }>(
    'account.requestEmailChange',
    { email, delivery: 'bearer' },
    attacker,
  );
  const mail = await readMail(email);
  // The owner opens the mail: signed in nowhere, or to an account of their own.
  const owned = await newPerson(owner);
  expect((await verifyLink({ token: mail?.token })).code).toBe('magic_link.invalid');
  expect((await call('account.confirmEmailChange', { token: mail?.token }, owned)).code).toBe(
    'magic_link.other_browser',
  );
  const { session } = await signInWith(newAccount({ email }));
  expect((await whoIs(session)).data).toMatchObject({ email });
  // Now the attacker even gets hold of the mail.
  const proof = { token: mail?.token, requestSecret: asked.data.requestSecret };
  expect((await call('account.confirmEmailChange', proof, attacker)).code).toBe('email.taken');
  expect((await whoIs(attacker.token)).data).toMatchObject({ email: attacker.email });
});
