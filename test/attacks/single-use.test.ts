import { expect, it } from 'vitest';
import { newPerson, newSession } from '../support/owner.ts';
import { newAccount, signInAt } from '../support/oidc-provider.ts';
import { call, owner, PUBLIC_URL, readMail } from '../support/worker.ts';
import {
  askForLink,
  beginSignIn,
  browse,
  comeBack,
  newEmail,
  refusal,
  sessionsOf,
  userOf,
  verifyCode,
  verifyLink,
} from './support.ts';

const times = Array.from({ length: 10 });

it('GHSA-hc7v-rggr-4hvx: a mailed link that is redeemed ten times at once signs in once', async () => {
  const email = newEmail();
  const { token, requestSecret, code } = await askForLink(email);
  const tries = await Promise.all(times.map(() => verifyLink({ token, requestSecret })));
  expect(tries.map(({ status }) => status).toSorted()).toEqual([200, ...times.slice(1).map(() => 409)]);
  expect((await verifyLink({ token, requestSecret })).code).toBe('magic_link.used');
  // Nor does the code of the same mail.
  expect((await verifyCode({ code, requestSecret })).code).toBe('magic_link.used');
  expect(await sessionsOf((await userOf(email)) ?? '')).toBe(1);
});

it('GHSA-7w99-5wm4-3g79: a provider’s code that is brought back ten times at once is redeemed once', async () => {
  const account = newAccount();
  const { authorizationUrl, cookie } = await beginSignIn();
  const address = await signInAt(authorizationUrl, account);
  const tries = await Promise.all(times.map(() => comeBack(address, cookie)));
  const refused = tries.filter(({ session }) => session === '');
  expect(refused.map(({ location }) => location)).toEqual(times.slice(1).map(() => refusal('oauth_state.used')));
  expect(await sessionsOf((await userOf(account.email)) ?? '')).toBe(1);
});

it('GHSA-4rxr-27mm-mxq9: a mailed secret is nothing without the secret of who asked, and the other way round', async () => {
  const [victim, attacker] = [await newPerson(owner), newEmail()];
  const mail = await askForLink(victim.email);
  const own = await askForLink(attacker);
  const [victimsId] = mail.requestSecret.split('.');
  const [ownId, ownSecret] = own.requestSecret.split('.');
  const forged = [own.requestSecret, `${victimsId}.${ownSecret}`, `${ownId}.${ownSecret}`, `${victimsId}.`, undefined];
  for (const requestSecret of forged) {
    expect((await verifyLink({ token: mail.token, requestSecret })).code).toBe('magic_link.other_browser');
    expect((await verifyCode({ code: mail.code, requestSecret })).status, requestSecret).toBe(400);
  }
  for (const token of [own.token, 'A'.repeat(43), victim.email]) {
    expect((await verifyLink({ token, requestSecret: mail.requestSecret })).status, token).toBeGreaterThanOrEqual(400);
  }
  const signedIn = await verifyLink({ token: mail.token, requestSecret: mail.requestSecret });
  expect(signedIn.data.userId).toBe(victim.userId);
});

it('CVE-2026-45337: a pending code belongs to whoever began, not to the first who is signed in', async () => {
  const victim = await newPerson(owner);
  const asked = await call<{ requestSecret: string }>('auth.requestStepUpMail', { delivery: 'bearer' }, victim);
  const mail = await readMail(victim.email);
  const { requestSecret } = asked.data;
  const proofs = [{ code: mail?.code }, { token: mail?.token }].map((proof) => ({ ...proof, delivery: 'bearer' }));
  const others = [await newPerson(owner), await newSession(owner, victim.userId)];
  for (const other of others) {
    for (const proof of proofs) {
      // Even with all that the victim's program holds.
      const refused = await call('auth.stepUp', { ...proof, requestSecret }, other);
      expect(refused.code).toBe('magic_link.other_browser');
      expect((await call('auth.stepUp', proof, other)).status).toBeGreaterThanOrEqual(400);
    }
  }
  expect((await call('auth.stepUp', { ...proofs[0], requestSecret }, victim)).status).toBe(200);
});

it('better-auth #9690, supabase/auth #1214: a scanner that looks at a mailed link does not use it up', async () => {
  const person = await newPerson(owner);
  const { token, requestSecret, text } = await askForLink(person.email);
  const { origin, pathname, hash } = new URL(/http\S+#token=\S+/.exec(text)?.[0] ?? '');
  expect([origin, hash]).toEqual([PUBLIC_URL, `#token=${token}`]);
  const input = encodeURIComponent(JSON.stringify({ token, requestSecret, delivery: 'bearer' }));
  const paths = [
    // A scanner's request has no fragment; a bad one sends it as a query.
    pathname,
    `${pathname}?token=${token}`,
    `/trpc/auth.verifyMagicLink?input=${input}`,
    `/v1/auth/magic-links/verify?token=${token}&request_secret=${requestSecret}`,
  ];
  for (const method of ['GET', 'HEAD', 'OPTIONS']) {
    for (const path of paths) expect((await browse(path, { method })).headers.get('set-cookie'), path).toBeNull();
  }
  expect(await sessionsOf(person.userId)).toBe(1);
  expect((await verifyLink({ token, requestSecret })).status).toBe(200);
});

it('better-auth #9690: nor does it report a sign-in, or confirm an address', async () => {
  const me = await newPerson(owner);
  const email = newEmail();
  await call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, me);
  const alert = await readMail(me.email);
  const asked = await call<{ requestSecret: string }>('account.requestEmailChange', { email, delivery: 'bearer' }, me);
  const change = await readMail(email);
  for (const mail of [alert, change]) {
    const { pathname } = new URL(/http\S+#token=\S+/.exec(mail?.text ?? '')?.[0] ?? '');
    for (const path of [pathname, `${pathname}?token=${mail?.token}`]) await browse(path);
    // The scanner may sit in the same browser.
    await browse(pathname, { headers: { cookie: `gatehouse_session=${me.token}` } });
  }
  expect((await call('auth.getSession', undefined, me)).data).toMatchObject({ email: me.email });
  const proof = { token: change?.token, requestSecret: asked.data.requestSecret };
  expect((await call('account.confirmEmailChange', proof, me)).data).toEqual({ email });
  expect((await call('auth.reportNotMe', { token: alert?.token })).status).toBe(200);
  expect((await call('auth.getSession', undefined, me)).code).toBe('session.revoked');
});
