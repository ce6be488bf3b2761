/** Addresses that an account left and came back to: which of their mails has a say, and what a report gives back. */
import { describe, expect, it } from 'vitest';
import { linked } from '../support/integrations.ts';
import { newSession, type Person } from '../support/owner.ts';
import { signInByPasskey, withPasskey } from '../support/passkeys.ts';
import { aWhileLater, emailOf, mailTo, moveTo, newOwner, preview, report } from '../support/reports.ts';
import { call, owner } from '../support/worker.ts';
import { askForLink, newEmail, verifyLink, whoIs } from './support.ts';

const ADDRESS_CHANGED = /^New address for/;
const MOVED = /^This address was replaced/;
const TOKEN_CREATED = /^API token created/;

/** The thief has a session of the account's. */
const thiefOf = ({ userId }: Person) => newSession(owner, userId);
const makeToken = (me: Pick<Person, 'token'>) => call('auth.createToken', { name: 'x', scopes: ['profile:read'] }, me);
const reasons = (list: readonly { reason: string }[]) => list.map(({ reason }) => reason);

/** As if all that happened so far had been so many days ago. */
async function daysPass({ userId }: Pick<Person, 'userId'>, days: number) {
  const shift = (column: string) =>
    `${column} = case when ${column} > now() - interval '60 days' then ${column} - $2 * interval '1 day' else ${column} end`;
  for (const [table, columns] of [
    ['email_changes', ['created_at', 'previous_since']],
    ['security_alerts', ['created_at', 'expires_at', 'email_since']],
    ['magic_links', ['created_at']],
  ] as const)
    await owner.query(`update ${table} set ${columns.map(shift).join(', ')} where user_id = $1`, [userId, days]);
}

/** Whether a mail that is asked for at an address signs in to the account; a reserved address gets no such link. */
async function signsInto(email: string, { userId }: Pick<Person, 'userId'>): Promise<boolean> {
  const { status, data } = await verifyLink(await askForLink(email, { settings: aWhileLater() }));
  return status === 200 && data.userId === userId;
}

describe('an owner who took the address back without a report', () => {
  it('keeps it by the report of any later mail: the address of the thief of before is not gone back to', async () => {
    const victim = await newOwner();
    const a = newEmail();
    const thief = await thiefOf(victim);
    await moveTo(thief, a);
    await daysPass(victim, 2);
    await moveTo(victim, victim.email);
    await daysPass(victim, 6);
    // The alert of the theft is too old by now, that of the way back is not.
    await makeToken(thief);
    const { data } = await report(await mailTo(victim.email, TOKEN_CREATED));
    expect(data).toMatchObject({ isComplete: true, undone: [{ kind: 'personal_token' }] });
    expect(await emailOf(victim)).toBe(victim.email);
    expect(await signsInto(victim.email, victim)).toBe(true);
    expect(await signsInto(a, victim)).toBe(false);
  });

  it('gets it back, and not that address, when it is stolen once more', async () => {
    const victim = await newOwner();
    const a = newEmail();
    await moveTo(await thiefOf(victim), a);
    await daysPass(victim, 2);
    await moveTo(victim, victim.email);
    await daysPass(victim, 6);
    await moveTo(await thiefOf(victim), newEmail());
    expect((await report(await mailTo(victim.email, ADDRESS_CHANGED))).data).toMatchObject({ isComplete: true });
    expect(await emailOf(victim)).toBe(victim.email);
    expect(await signsInto(a, victim)).toBe(false);
  });

  it.each(['the mail about the way back', 'a mail that is asked for at the reserved address'])(
    'and moved on, loses nothing to the thief’s mailbox: %s',
    async (which) => {
      const victim = await newOwner();
      const [a, w] = [newEmail(), newEmail()];
      await moveTo(await thiefOf(victim), a);
      await moveTo(victim, victim.email);
      await moveTo(victim, w);
      const passkey = await withPasskey(victim);
      if (which.startsWith('a mail')) await call('auth.requestMagicLink', { email: a }, { settings: aWhileLater() });
      const mail = await mailTo(a, which.startsWith('a mail') ? MOVED : ADDRESS_CHANGED);
      expect((await preview(mail)).data).toMatchObject({ items: [], notUndone: [{ reason: 'email_outranked' }] });
      expect((await report(mail)).data).toMatchObject({ sessionsEnded: 0, undone: [], isComplete: false });
      expect((await whoIs(victim.token)).status).toBe(200);
      expect((await signInByPasskey(passkey)).status).toBe(200);
      expect(await emailOf(victim)).toBe(w);
    },
  );

  it('can still report by its own old mailbox after the thief’s mailbox tried', async () => {
    const victim = await newOwner();
    const [a, w] = [newEmail(), newEmail()];
    await moveTo(await thiefOf(victim), a);
    await daysPass(victim, 6);
    await moveTo(victim, victim.email);
    await daysPass(victim, 2);
    await moveTo(victim, w);
    await report(await mailTo(a, ADDRESS_CHANGED));
    expect((await report(await mailTo(victim.email, ADDRESS_CHANGED))).data.undone).toMatchObject([{ kind: 'email' }]);
    expect(await emailOf(victim)).toBe(victim.email);
  });

  it('and ticks the own moves: the present address stays, and the thief’s change alone is undone', async () => {
    const victim = await newOwner();
    const [a, w] = [newEmail(), newEmail()];
    await moveTo(await thiefOf(victim), a);
    await moveTo(victim, victim.email);
    await moveTo(victim, w);
    const mail = await mailTo(victim.email, ADDRESS_CHANGED);
    const [theft, ...own] = (await preview(mail)).data.items;
    const { data } = await report(
      mail,
      own.map(({ id }) => id),
    );
    expect(data.undone.map(({ id }) => id)).toEqual([theft?.id]);
    expect(reasons(data.notUndone)).toEqual(['kept', 'kept']);
    expect(await emailOf(victim)).toBe(w);
    expect(await signsInto(a, victim)).toBe(false);
  });
});

describe('a thief’s address between two that the owner keeps', () => {
  /** The thief asks for a mail at that address, and reports it where one comes. */
  async function reportAt(a: string) {
    await call('auth.requestMagicLink', { email: a }, { settings: aWhileLater() });
    const mail = await mailTo(a, MOVED).catch(() => undefined);
    if (mail) await report(mail);
  }

  it('is not reserved, and has no say: from it the owner moved on to a new address', async () => {
    const victim = await newOwner();
    const [a, w] = [newEmail(), newEmail()];
    await moveTo(await thiefOf(victim), a);
    await moveTo(victim, w);
    const mail = await mailTo(victim.email, ADDRESS_CHANGED);
    const own = (await preview(mail)).data.items[1];
    expect((await report(mail, [own?.id ?? ''])).data).toMatchObject({ undone: [{ kind: 'email' }] });
    expect(await emailOf(victim)).toBe(w);
    await reportAt(a);
    expect(await emailOf(victim)).toBe(w);
    expect(await signsInto(a, victim)).toBe(false);
    // The owner's old address is the one that is reserved now, and told.
    await call('auth.requestMagicLink', { email: victim.email }, { settings: aWhileLater() });
    expect((await mailTo(victim.email, MOVED)).token).not.toBe('');
  });

  it('is not reserved, and has no say: from it the owner came back, before a second theft', async () => {
    const victim = await newOwner();
    const a = newEmail();
    await moveTo(await thiefOf(victim), a);
    await moveTo(victim, victim.email);
    await moveTo(await thiefOf(victim), newEmail());
    const mail = await mailTo(victim.email, ADDRESS_CHANGED);
    const own = (await preview(mail)).data.items[1];
    expect((await report(mail, [own?.id ?? ''])).data.undone).toHaveLength(2);
    expect(await emailOf(victim)).toBe(victim.email);
    await reportAt(a);
    expect(await emailOf(victim)).toBe(victim.email);
    // And a third theft, to the same address, is undone as the first was.
    await moveTo(await thiefOf(victim), a);
    expect((await report(await mailTo(victim.email, ADDRESS_CHANGED))).data).toMatchObject({ isComplete: true });
    expect(await emailOf(victim)).toBe(victim.email);
  });
});

it('an own address between two that the owner keeps stays reserved', async () => {
  const victim = await newOwner();
  const [w1, w2] = [newEmail(), newEmail()];
  await moveTo(victim, w1);
  await moveTo(victim, w2);
  await moveTo(await thiefOf(victim), newEmail());
  const mail = await mailTo(victim.email, ADDRESS_CHANGED);
  const own = (await preview(mail)).data.items.slice(0, 2).map(({ id }) => id);
  expect((await report(mail, own)).data).toMatchObject({ undone: [{ kind: 'email' }] });
  expect(await emailOf(victim)).toBe(w2);
  await call('auth.requestMagicLink', { email: w1 }, { settings: aWhileLater() });
  expect((await mailTo(w1, MOVED)).token).not.toBe('');
});

it('a mail of an address whose changes were cleaned up still has its say', async () => {
  const victim = await newOwner();
  const v = newEmail();
  await moveTo(victim, v);
  const thief = await thiefOf(victim);
  await makeToken(thief);
  await owner.query('delete from email_changes where user_id = $1', [victim.userId]);
  await moveTo(thief, newEmail());
  expect((await report(await mailTo(v, TOKEN_CREATED))).data.undone.map(({ kind }) => kind)).toContain('email');
  expect(await emailOf(victim)).toBe(v);
});

it('two links of one service are told apart in the list', async () => {
  const victim = await newOwner();
  const thief = await thiefOf(victim);
  await linked({ ...victim, token: thief.token }, { serviceId: 'telegram', externalUserId: '71' });
  await linked(
    { ...victim, token: thief.token },
    { serviceId: 'telegram', externalUserId: '72', displayLabel: 'Home' },
  );
  await makeToken(thief);
  const { items } = (await preview(await mailTo(victim.email, TOKEN_CREATED))).data;
  const titles = items.filter(({ kind }) => kind === 'integration').map(({ title }) => title);
  expect(titles.toSorted()).toEqual(['Linked service Telegram: 71', 'Linked service Telegram: Home']);
});

describe('an address that was given up more than seven days ago', () => {
  it('outranks nothing when a thief moves the account there', async () => {
    const victim = await newOwner();
    const w = newEmail();
    await moveTo(victim, w);
    await daysPass(victim, 10);
    const thief = await thiefOf(victim);
    // The mailbox is somebody else's by now.
    await moveTo(thief, victim.email);
    const { data } = await report(await mailTo(w, ADDRESS_CHANGED));
    expect(data).toMatchObject({ isComplete: true, undone: [{ kind: 'email' }] });
    expect(await emailOf(victim)).toBe(w);
    expect((await whoIs(thief.token)).status).toBe(401);
    expect(await signsInto(victim.email, victim)).toBe(false);
  });
});

describe('an address from which the account was taken back', () => {
  it.each([
    ['the next day', 1],
    ['weeks later', 8],
  ])('has no old place when a thief moves the account there again, %s', async (_when, days) => {
    const victim = await newOwner();
    const [a, w] = [newEmail(), newEmail()];
    await moveTo(await thiefOf(victim), a);
    await daysPass(victim, 1);
    await moveTo(victim, victim.email);
    await daysPass(victim, days);
    await moveTo(victim, w);
    await daysPass(victim, days);
    const thief = await thiefOf(victim);
    await moveTo(thief, a);
    const { data } = await report(await mailTo(w, ADDRESS_CHANGED));
    expect(data).toMatchObject({ undone: [{ kind: 'email' }] });
    expect(await emailOf(victim)).toBe(w);
    expect((await whoIs(thief.token)).status).toBe(401);
  });
});

describe('what a report says is left', () => {
  it('names a final change also where the address was changed once more', async () => {
    const mover = await newOwner();
    const passkey = await withPasskey(mover);
    await owner.query("update passkeys set created_at = created_at - interval '9 days' where user_id = $1", [
      mover.userId,
    ]);
    await owner.query('delete from security_alerts where user_id = $1', [mover.userId]);
    const [a, c] = [newEmail(), newEmail()];
    await moveTo(mover, a);
    await report(await mailTo(mover.email, ADDRESS_CHANGED));
    const { sessionToken: token } = (await signInByPasskey(passkey)).data;
    await moveTo({ token }, a);
    await moveTo({ token }, c);
    const { data } = await report(await mailTo(mover.email, ADDRESS_CHANGED));
    expect(reasons(data.notUndone)).toEqual(['email_final']);
    expect(await emailOf(mover)).toBe(c);
  });

  it('names what was taken up to a day before the first mail', async () => {
    const victim = await newOwner();
    const thief = await thiefOf(victim);
    const { id } = await linked(victim, { serviceId: 'telegram', externalUserId: '7' });
    await linked(victim, { serviceId: 'gmail', externalUserId: 'me', accessToken: 'mine' });
    for (const table of ['user_integrations', 'oauth_connections', 'connection_events'])
      await owner.query(`update ${table} set created_at = created_at - interval '40 days' where user_id = $1`, [
        victim.userId,
      ]);
    await owner.query("update oauth_connections set granted_at = granted_at - interval '40 days' where user_id = $1", [
      victim.userId,
    ]);
    await call('integrations.unlink', { userId: 'me', integrationId: id }, thief);
    const [grant] = await owner.query<{ id: string }>('select id from oauth_connections where user_id = $1', [
      victim.userId,
    ]);
    await call('oauth.connections.disconnect', { userId: 'me', connectionId: grant?.id }, thief);
    await owner.query("update connection_events set created_at = created_at - interval '1 hour' where user_id = $1", [
      victim.userId,
    ]);
    await makeToken(thief);
    const { data } = await report(await mailTo(victim.email, TOKEN_CREATED));
    expect(reasons(data.notUndone).toSorted()).toEqual(['connection_disconnected', 'integration_unlinked']);
  });
});
