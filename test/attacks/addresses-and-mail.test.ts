import { describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { developmentMailbox } from '../../src/mail/development.ts';
import { newPerson } from '../support/owner.ts';
import { newAccount } from '../support/oidc-provider.ts';
import { call, owner, PUBLIC_URL, readMail, workerEnv } from '../support/worker.ts';
import { askForLink, newEmail, refusal, signInWith, submit, verifyLink } from './support.ts';

/** Refused wherever an address is taken, and nobody gets a mail; `also` are those whom a lax reader would write to. */
async function expectRefused(email: string, also: readonly string[]): Promise<void> {
  const me = await newPerson(owner);
  expect((await call('auth.requestMagicLink', { email })).code, email).toBe('input.invalid');
  expect((await call('account.requestEmailChange', { email }, me)).code, email).toBe('input.invalid');
  expect((await submit('/sign-in', { email })).status, email).toBe(400);
  // As the verified address of a provider's account it counts as none.
  expect((await signInWith(newAccount({ email }))).location, email).toBe(refusal('social_account.email_unverified'));
  for (const address of [email, ...also]) expect(await readMail(address), address).toBeNull();
}

describe('an address', () => {
  it('CVE-2022-35924: is one: a list of them is refused', async () => {
    const [victim, attacker] = [newEmail(), newEmail()];
    for (const separator of [',', ', ', ';', ' ', '\n', '\r\nBcc: ', '%0aBcc:', ',,', ' , ']) {
      await expectRefused(`${attacker}${separator}${victim}`, [victim, attacker]);
    }
    const list = [victim, attacker];
    expect((await call('auth.requestMagicLink', { email: list })).code).toBe('input.invalid');
    expect((await askForLink(victim)).token).not.toBe('');
    expect(await readMail(attacker)).toBeNull();
  });

  it('GHSA-5jpx-9hw9-2fx4: has no quoted part that hides another one', async () => {
    const [victim, attacker] = [newEmail(), newEmail()];
    const domain = 'example.com';
    for (const email of [
      `"${attacker}"@${domain}`,
      `"${attacker}, "@${domain}`,
      `"a\\"${attacker}"@${domain}`,
      `"admin"@${domain}`,
      `"a b"@${domain}`,
      `"x" <${attacker}>`,
      `<${attacker}>`,
      `${victim}(${attacker})`,
      `${attacker}@${domain}`,
      `x@[127.0.0.1]`,
      `@${domain},@x.example:${victim}`,
    ]) {
      await expectRefused(email, [victim, attacker]);
    }
    expect((await askForLink(`plain+tag.${newId()}@${domain}`)).token).not.toBe('');
  });

  it('CVE-2026-73420: is ASCII, so nothing turns it into another one later', async () => {
    const [attacker, victim] = [`a${newId()}`, await newPerson(owner)];
    for (const at of ['\uff20', '\ufe6b']) {
      await expectRefused(`${attacker}@evil.example${at}example.com`, [`${attacker}@evil.example`]);
      await expectRefused(victim.email.replace('@', at), [victim.email]);
    }
    const lookalikes = [
      victim.email.replace('@example', '@\uff45xample'),
      victim.email.replace('.com', '\u3002com'),
      victim.email.replace('@', '\u200b@'),
      victim.email.replace('@', '@\u00ad'),
      `\u212a${victim.email}`,
      `${victim.email}\u0000`,
    ];
    for (const email of lookalikes) await expectRefused(email, [victim.email]);
    // The case of letters is what may differ, and leads to the same account.
    expect((await verifyLink(await askForLink(victim.email.toUpperCase()))).data.userId).toBe(victim.userId);
  });
});

describe('a mail', () => {
  const evil = 'https://evil.example/take';
  const markup = `</p><a href="${evil}">Your account</a><img src=${evil}>`;

  async function htmlOf(to: string): Promise<string> {
    const namespace = workerEnv.DEVELOPMENT_MAILBOX;
    if (!namespace) throw new Error('No development mailbox is bound.');
    const [mail] = await developmentMailbox(namespace).list(to);
    expect(mail?.text).not.toContain(evil);
    return mail?.html ?? '';
  }

  it('CVE-2022-31127: holds the name of a token as text', async () => {
    const me = await newPerson(owner);
    expect((await call('auth.createToken', { name: markup, scopes: ['profile:read'] }, me)).status).toBe(200);
    const html = await htmlOf(me.email);
    expect(html).toContain('&lt;a href=');
    expect(html).not.toMatch(/<img|href="https:\/\/evil/);
    expect(html).toContain(`href="${PUBLIC_URL}/not-me#token=`);
  });

  it('CVE-2022-31127: holds what a browser says of itself as text, or not at all', async () => {
    const me = await newPerson(owner);
    const headers = { 'user-agent': `${markup} (X11; Linux) ${markup}/1.0` };
    expect((await call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, { ...me, headers })).status).toBe(
      200,
    );
    const html = await htmlOf(me.email);
    expect(html).not.toMatch(/<img|href="https:\/\/evil/);
    expect(html).toContain(`href="${PUBLIC_URL}/not-me#token=`);
  });

  it('CVE-2022-31127: holds an address with signs of markup as text', async () => {
    const me = await newPerson(owner);
    const email = `a&b'${newId()}{}@example.com`;
    expect((await call('account.requestEmailChange', { email: `<b>${email}` }, me)).code).toBe('input.invalid');
    const asked = await call<{ requestSecret: string }>(
      'account.requestEmailChange',
      { email, delivery: 'bearer' },
      me,
    );
    const mail = await readMail(email);
    const proof = { token: mail?.token, requestSecret: asked.data.requestSecret };
    expect((await call('account.confirmEmailChange', proof, me)).data).toEqual({ email });
    expect(await htmlOf(me.email)).not.toMatch(/a&b|<b>/);
  });
});
