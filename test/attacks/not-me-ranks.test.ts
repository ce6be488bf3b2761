/** Which mail may undo which change: an address that stood longer outranks one that came later, in both directions. */
import { describe, expect, it } from 'vitest';
import { newSession, type Person } from '../support/owner.ts';
import { signInByPasskey, withPasskey } from '../support/passkeys.ts';
import { aWhileLater, emailOf, mailTo, moveTo, newOwner, preview, report } from '../support/reports.ts';
import { call, owner } from '../support/worker.ts';
import { askForLink, newEmail, verifyLink, whoIs } from './support.ts';

const ADDRESS_CHANGED = /^New address for/;
const MOVED = /^This address was replaced/;

async function signInAgain(email: string): Promise<Person> {
  const { status, code, data } = await verifyLink(await askForLink(email, { settings: aWhileLater() }));
  expect(status, code).toBe(200);
  return { userId: data.userId, sessionId: data.sessionId, token: data.sessionToken, email };
}

/** An owner who moved to another address of their own a few days ago, and somebody who moved it on with a stolen session. */
async function newHijackAfterMove() {
  const mover = await newOwner();
  const [second, thiefs] = [`jane-${newEmail()}`, `june-${newEmail()}`];
  await moveTo(mover, second);
  for (const table of ['email_changes', 'security_alerts']) {
    await owner.query(`update ${table} set created_at = created_at - interval '3 days' where user_id = $1`, [
      mover.userId,
    ]);
  }
  expect((await moveTo(await newSession(owner, mover.userId), thiefs)).status).toBe(200);
  return { mover, second, thiefs };
}

describe('an owner who moved lately, and whose account is hijacked then', () => {
  it('undoes the hijack by the mail to the new address, and the move stays', async () => {
    const { mover, second, thiefs } = await newHijackAfterMove();
    const { data } = await report(await mailTo(second, ADDRESS_CHANGED));
    expect(data).toMatchObject({ isComplete: true, undone: [{ kind: 'email' }] });
    expect(await emailOf(mover)).toBe(second);
    expect((await signInAgain(thiefs)).userId).not.toBe(mover.userId);
    expect((await signInAgain(second)).userId).toBe(mover.userId);
  });

  it('or by the mail to the old one: keeps the own move alone, and the hijacker’s is undone', async () => {
    const { mover, second } = await newHijackAfterMove();
    const mail = await mailTo(mover.email, ADDRESS_CHANGED);
    const shown = await preview(mail);
    expect(shown.data.items.map(({ kind }) => kind)).toEqual(['email', 'email']);
    const [own] = shown.data.items;
    const { data } = await report(mail, [own?.id ?? '']);
    expect(data).toMatchObject({ undone: [{ kind: 'email' }], notUndone: [{ reason: 'kept' }] });
    expect(await emailOf(mover)).toBe(second);
    // The mail to the new address was spent by that report, and does not say that all is well.
    const late = await report(await mailTo(second, ADDRESS_CHANGED));
    expect(late.data).toMatchObject({ isRepeated: true, isComplete: false, undone: [] });
  });

  it('keeps both: the address stays, and each is named', async () => {
    const { mover, thiefs } = await newHijackAfterMove();
    const mail = await mailTo(mover.email, ADDRESS_CHANGED);
    const all = (await preview(mail)).data.items.map(({ id }) => id);
    const { data } = await report(mail, all);
    expect(data.notUndone.map(({ reason }) => reason)).toEqual(['kept', 'kept']);
    expect(await emailOf(mover)).toBe(thiefs);
  });
});

describe('an owner who took the address back without a report', () => {
  it('is bothered by no mail to the hijacker’s address, however many are asked for', async () => {
    const victim = await newOwner();
    const a = newEmail();
    await moveTo(await newSession(owner, victim.userId), a);
    expect((await moveTo(victim, victim.email)).status).toBe(200);
    const passkey = await withPasskey(victim);
    const made = await call<{ token: string }>('auth.createToken', { name: 'x', scopes: ['profile:read'] }, victim);
    const mails = [await mailTo(a, ADDRESS_CHANGED)];
    await call('auth.requestMagicLink', { email: a }, { settings: aWhileLater() });
    mails.push(await mailTo(a, MOVED));
    for (const mail of mails) {
      expect((await preview(mail)).data).toMatchObject({ items: [], notUndone: [{ reason: 'email_outranked' }] });
      const { data } = await report(mail);
      expect(data).toMatchObject({ sessionsEnded: 0, undone: [], notUndone: [{ reason: 'email_outranked' }] });
    }
    expect((await whoIs(victim.token)).status).toBe(200);
    expect((await call('account.getProfile', undefined, { token: made.data.token })).status).toBe(200);
    expect((await signInByPasskey(passkey)).status).toBe(200);
    expect(await emailOf(victim)).toBe(victim.email);
    // The owner's own mail of the first change still works.
    expect((await report(await mailTo(victim.email, ADDRESS_CHANGED))).data.sessionsEnded).toBeGreaterThan(0);
  });

  it('and hears of it again when the hijacker moves it once more', async () => {
    const victim = await newOwner();
    const a = newEmail();
    await moveTo(await newSession(owner, victim.userId), a);
    await moveTo(victim, victim.email);
    await moveTo(await newSession(owner, victim.userId), newEmail());
    // The mail to the hijacker's first address has no say any more: the account was taken back from it.
    const before = await emailOf(victim);
    expect((await report(await mailTo(a, ADDRESS_CHANGED))).data).toMatchObject({ sessionsEnded: 0, undone: [] });
    expect(await emailOf(victim)).toBe(before);
    await report(await mailTo(victim.email, ADDRESS_CHANGED));
    expect(await emailOf(victim)).toBe(victim.email);
  });
});
