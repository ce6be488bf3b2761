/**
 * Guessing six digits: at one address, day by day, and at many addresses at once. The wrong codes of the whole deployment
 * count, so those of these tests are written and taken away in one transaction: other tests type codes meanwhile.
 */
import { describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { newPerson, newSession, type Person } from '../support/owner.ts';
import { aWhileLater } from '../support/reports.ts';
import { connectSqlClient } from '../support/sql-client.ts';
import { call, owner, readMail, workerEnv } from '../support/worker.ts';
import { askForLink, newEmail, verifyCode, verifyLink } from './support.ts';

/** Mails that went to an address earlier, each some hours ago. */
async function mailedBefore(
  email: string,
  hoursAgo: readonly number[],
  { purpose = 'sign_in', userId }: { purpose?: string; userId?: string } = {},
): Promise<void> {
  await owner.query(
    `insert into magic_links (id, email, token_hash, code_hash, browser_hash, expires_at, created_at, purpose, user_id)
     select gen_random_uuid(), $1, gen_random_uuid()::text, 'key:x', 'x', now() - interval '1 hour', now() - make_interval(mins => (h * 60)::integer), $3, $4
       from unnest($2::float8[]) h`,
    [email, `{${hoursAgo.join(',')}}`, purpose, userId ?? null],
  );
}

const hours = (count: number) => Array.from({ length: count }, (_, i) => 1 + i * 2);

describe('the mails to one address', () => {
  it('have a code ten times a day, and later the link alone, which works', async () => {
    const { email, userId } = await newPerson(owner);
    await mailedBefore(email, hours(9));
    const tenth = await askForLink(email);
    expect(tenth.code).toMatch(/^\d{6}$/);
    const victim = await newPerson(owner);
    await mailedBefore(victim.email.toUpperCase(), hours(10));
    const mail = await askForLink(victim.email);
    expect([mail.code, mail.token]).toEqual(['', expect.stringMatching(/./)]);
    expect(mail.text).toContain('This mail has no code');
    const guess = await verifyCode({ code: '000000', requestSecret: mail.requestSecret });
    expect([guess.status, guess.code]).toEqual([409, 'code.link_required']);
    const signedIn = await verifyLink({ token: mail.token, requestSecret: mail.requestSecret });
    expect(signedIn.data.userId).toBe(victim.userId);
    const byCode = await verifyCode({ code: tenth.code, requestSecret: tenth.requestSecret });
    expect(byCode.data.userId).toBe(userId);
  });

  it('say no more of who is registered: a new address is counted the same way', async () => {
    const email = newEmail();
    await mailedBefore(email, hours(10));
    expect((await askForLink(email)).code).toBe('');
  });

  it('of yesterday do not count', async () => {
    const { email } = await newPerson(owner);
    await mailedBefore(
      email,
      hours(10).map((hour) => hour + 24),
    );
    expect((await askForLink(email)).code).toMatch(/^\d{6}$/);
  });
});

/** Asks for the mail of a step-up or of a new address, and reads it. */
async function askAs({ token }: { token: string }, to: string, wanted: 'step_up' | 'email_change') {
  const [path, input] =
    wanted === 'step_up' ? ['auth.requestStepUpMail', {}] : ['account.requestEmailChange', { email: to }];
  const options = { token, settings: aWhileLater() };
  const asked = await call<{ requestSecret: string }>(path, { ...input, delivery: 'bearer' }, options);
  expect(asked.status, asked.code).toBe(200);
  return { requestSecret: asked.data.requestSecret, mail: await readMail(to) };
}

const confirm = (me: Pick<Person, 'token'>, proof: object) => call('account.confirmEmailChange', proof, me);
const stepUp = (me: Pick<Person, 'token'>, proof: object) =>
  call<{ sessionToken: string }>('auth.stepUp', { ...proof, delivery: 'bearer' }, me);
const purposes = ['sign_in', 'step_up', 'email_change'];

describe('the codes of one address count whatever they are for', () => {
  it.each(purposes)('ten of %s, and every other mail has the link alone, which works', async (purpose) => {
    const [me, boss] = [await newPerson(owner), newEmail()];
    await mailedBefore(boss, hours(10), { purpose });
    const moving = await askAs(me, boss, 'email_change');
    expect(moving.mail?.code).toBe('');
    expect(moving.mail?.text).toContain('This mail has no code');
    const guess = await confirm(me, { code: '000000', requestSecret: moving.requestSecret });
    expect([guess.status, guess.code]).toEqual([409, 'code.link_required']);
    const moved = await confirm(me, { token: moving.mail?.token, requestSecret: moving.requestSecret });
    expect(moved.data).toEqual({ email: boss });
    const again = await askAs(me, boss, 'step_up');
    expect(again.mail?.code).toBe('');
    expect((await askForLink(boss, { settings: aWhileLater() })).code).toBe('');
    const other = newEmail();
    await mailedBefore(other, hours(9), { purpose });
    expect((await askAs(me, other, 'email_change')).mail?.code).toMatch(/^\d{6}$/);
  });

  it('a step-up has a code ten times a day, and later the link alone, which works', async () => {
    const me = await newPerson(owner);
    const stale = await newSession(owner, me.userId, { authenticated_at: '2026-11-01T00:00:00Z' });
    await mailedBefore(me.email, hours(9), { purpose: 'step_up', userId: me.userId });
    expect((await askAs(stale, me.email, 'step_up')).mail?.code).toMatch(/^\d{6}$/);
    const { mail, requestSecret } = await askAs(stale, me.email, 'step_up');
    expect(mail?.code).toBe('');
    expect((await stepUp(stale, { code: '000000', requestSecret })).code).toBe('code.link_required');
    expect((await stepUp(stale, { token: mail?.token, requestSecret })).status).toBe(200);
  });

  it('a step-up’s count for the user too: a new address starts no new ten', async () => {
    const me = await newPerson(owner);
    await mailedBefore(newEmail(), hours(10), { purpose: 'step_up', userId: me.userId });
    expect((await askAs(me, me.email, 'step_up')).mail?.code).toBe('');
    // Where they are about to go, nobody has had a code.
    expect((await askAs(me, newEmail(), 'email_change')).mail?.code).toMatch(/^\d{6}$/);
  });
});

interface Answer {
  readonly outcome: string;
  readonly attemptsLeft?: number | null;
}

/** Types codes into one mail while so many wrong ones were typed into others; then opens its link. */
async function typed(
  wrong: number,
  codes: readonly string[],
  purpose = 'sign_in',
): Promise<{ answers: Answer[]; byLink: Answer }> {
  const mark = newId();
  const system = connectSqlClient(workerEnv, 'gatehouse_system');
  const linkId = newId();
  const prove = 'select gatehouse.prove_mail($1, $2::jsonb, $3::jsonb) as answer';
  const proofs = codes.map((code) => ({ linkId, codeHashes: [`key:${code}`], browserHash: mark }));
  const statements = [
    [
      `insert into magic_links (id, email, token_hash, code_hash, browser_hash, attempts, expires_at, purpose)
       select gen_random_uuid(), 'x@example.com', gen_random_uuid()::text, 'key:x', $1, 2, now() + interval '5 minutes', $3
         from generate_series(1, $2::integer / 2)`,
      [mark, wrong, purpose],
    ],
    [
      `insert into magic_links (id, email, token_hash, code_hash, browser_hash, expires_at)
       values ($1, 'y@example.com', $2, 'key:right', $2, now() + interval '5 minutes')`,
      [linkId, mark],
    ],
    ...[...proofs, { tokenHash: mark, browserHash: mark }].map((proof) => [
      prove,
      ['sign_in', JSON.stringify(proof), '{}'],
    ]),
    ['delete from magic_links where browser_hash = $1', [mark]],
  ] as const;
  const results = (await system.batch(statements as never)) as { answer: Answer }[][];
  const answers = results.slice(2, -1).map(([row]) => row?.answer ?? { outcome: 'nothing' });
  return { answers: answers.slice(0, -1), byLink: answers.at(-1) ?? { outcome: 'nothing' } };
}

describe('wrong codes of the whole deployment', () => {
  it('from sixty on leave one try to a mail', async () => {
    const { answers, byLink } = await typed(60, ['wrong', 'right']);
    expect(answers).toMatchObject([{ outcome: 'code.invalid', attemptsLeft: 0 }, { outcome: 'code.exhausted' }]);
    expect(byLink.outcome).toBe('proven');
    expect((await typed(60, ['right'])).answers).toMatchObject([{ outcome: 'proven' }]);
  });

  it.each(purposes)('count for all mails, those of %s too', async (purpose) => {
    expect((await typed(60, ['wrong'], purpose)).answers).toMatchObject([{ attemptsLeft: 0 }]);
    expect((await typed(200, ['right'], purpose)).answers).toEqual([{ outcome: 'code.link_required' }]);
  });

  it('from two hundred on ask everybody for the link: no code is tried, the right one neither', async () => {
    const { answers, byLink } = await typed(200, ['right', 'wrong']);
    expect(answers).toEqual([{ outcome: 'code.link_required' }, { outcome: 'code.link_required' }]);
    expect(byLink.outcome).toBe('proven');
    expect((await typed(5000, ['right'])).answers).toEqual([{ outcome: 'code.link_required' }]);
  });
});
