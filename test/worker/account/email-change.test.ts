import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { inHours, newPerson, newSession, type Person } from '../../support/owner.ts';
import { call, newAddress, owner, readMail } from '../../support/worker.ts';

const newEmail = () => `${newId()}@example.com`;

async function ask(me: { readonly token: string }, email: string) {
  const headers = { 'cf-connecting-ip': newAddress() };
  const input = { email, delivery: 'bearer' };
  const asked = await call<{ requestSecret: string }>('account.requestEmailChange', input, { ...me, headers });
  const mail = await readMail(email);
  return { asked, mail, proof: { token: mail?.token, requestSecret: asked.data?.requestSecret } };
}

const confirm = (me: Pick<Person, 'token'>, proof: object) => call('account.confirmEmailChange', proof, me);
const emailOf = async (me: Person) =>
  (await owner.query<{ email: string }>('select email from users where id = $1', [me.userId]))[0]?.email;

describe('a change of address', () => {
  it('happens when the new address confirms it, and the old one is told', async () => {
    const me = await newPerson(owner);
    const email = newEmail();
    const { proof } = await ask(me, email);
    expect(await emailOf(me)).toBe(me.email);
    expect((await confirm(me, proof)).data).toEqual({ email });
    expect(await emailOf(me)).toBe(email);
    expect((await readMail(me.email))?.subject).toMatch(/address/i);
    const history = await owner.query('select event_type from login_history where user_id = $1', [me.userId]);
    expect(history).toEqual([{ event_type: 'email_changed' }]);
  });

  it('can be confirmed by the code of the mail as well, and once', async () => {
    const me = await newPerson(owner);
    const { mail, proof } = await ask(me, newEmail());
    const byCode = { code: mail?.code, requestSecret: proof.requestSecret };
    expect((await confirm(me, byCode)).status).toBe(200);
    expect((await confirm(me, byCode)).code).toBe('magic_link.used');
  });

  it('tells nobody but its mailbox that an address is taken', async () => {
    const me = await newPerson(owner);
    const other = await newPerson(owner);
    const free = await ask(me, newEmail());
    const taken = await ask(me, other.email);
    expect(Object.keys(taken.asked.data)).toEqual(Object.keys(free.asked.data));
    expect(taken.asked.status).toBe(200);
    expect(taken.mail).toMatchObject({ token: '', code: '' });
    expect(await emailOf(other)).toBe(other.email);
  });

  it('is refused when the address was taken meanwhile', async () => {
    const me = await newPerson(owner);
    const email = newEmail();
    const { proof } = await ask(me, email);
    await newPerson(owner, { user: { email: email.toUpperCase() } });
    expect((await confirm(me, proof)).code).toBe('email.taken');
    expect(await emailOf(me)).toBe(me.email);
  });

  it('is confirmed in the session that asked, in no other', async () => {
    const me = await newPerson(owner);
    const { proof } = await ask(me, newEmail());
    expect((await confirm(await newSession(owner, me.userId), proof)).code).toBe('magic_link.other_browser');
    expect((await confirm(await newPerson(owner), proof)).code).toBe('magic_link.other_browser');
    expect((await confirm(me, proof)).status).toBe(200);
  });

  it('takes no link for signing in, and its link signs nobody in', async () => {
    const me = await newPerson(owner);
    const { proof } = await ask(me, newEmail());
    expect((await call('auth.verifyMagicLink', proof)).code).toBe('magic_link.invalid');
    const asked = await call<{ requestSecret: string }>('auth.requestMagicLink', {
      email: me.email,
      delivery: 'bearer',
    });
    const link = { token: (await readMail(me.email))?.token, requestSecret: asked.data.requestSecret };
    expect((await confirm(me, link)).code).toBe('magic_link.invalid');
  });

  it('asks for a proof of who one is first', async () => {
    const me = await newPerson(owner, { session: { authenticated_at: inHours(-1) } });
    expect((await call('account.requestEmailChange', { email: newEmail() }, me)).code).toBe('step_up.required');
  });
});
