import { globSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { connectOwner, newPerson, type Person } from '../../support/owner.ts';
import { requireServer } from '../../support/require-server.ts';
import { seedAccounts } from '../../support/seed-accounts.ts';

const ROWS = 100_000;
let client: pg.Client;
let me: Person;

beforeAll(async () => {
  requireServer();
  const settings = inject('worker');
  const owner = connectOwner(settings as never);
  await seedAccounts(owner, ROWS);
  me = await newPerson(owner);
  client = new pg.Client({ connectionString: settings.OWNER_URL });
  await client.connect();
});
afterAll(() => client?.end());

const json = (value: object) => `'${JSON.stringify(value)}'::jsonb`;
const id = () => `'${newId()}'::uuid`;
const facts = () => ({ eventId: newId(), authMethod: 'passkey', alert: { id: newId(), tokenHash: newId() } });
const session = () => ({
  id: newId(),
  tokenHash: newId(),
  deviceHash: newId(),
  newUserId: newId(),
  signUpOpen: true,
  ...facts(),
});
const challenge = () => ({
  challengeHash: newId(),
  challengeExpiresAt: '2100-01-01T00:00:00Z',
  purpose: 'passkey.sign_in',
  operationId: newId(),
});
const identity = () => ({ id: newId(), connector: 'demo', issuer: 'https://plan.example', isEmailVerified: true });
const token = () => ({
  id: newId(),
  tokenHash: newId(),
  prefix: 'gtk_xxxx',
  name: 'x',
  scopes: [],
  seconds: 60,
  overlapSeconds: 60,
});
const link = () => ({ id: newId(), tokenHash: newId(), codeHash: 'x', browserHash: 'x', seconds: 60 });
const providers = `'{demo}'::text[]`;

/** A call of each function that a request runs, going as far into it as one call can. */
const calls: readonly [name: string, call: () => string][] = [
  ['request_magic_link', () => `(${json({ ...link(), email: 'plan-7@example.com', signUpOpen: true })})`],
  ['sign_in_by_mail', () => `(${json({ tokenHash: 'plan-7', browserHash: 'x' })}, ${json(session())})`],
  ['find_passkey', () => `(decode(md5('plan-7'), 'hex'))`],
  [
    'sign_in_by_passkey',
    () =>
      `((select ${json({ ...challenge(), userId: 'plan-8', counter: 0, backedUp: false })}
        || jsonb_build_object('passkeyId', id) from public.passkeys where user_id = 'plan-8'), ${json(session())})`,
  ],
  ['sign_in_by_provider', () => `(${json({ ...identity(), subject: 'plan-9' })}, ${json(session())})`],
  [
    'sign_in_by_provider',
    () => `(${json({ ...identity(), subject: newId(), email: `${newId()}@example.com` })}, ${json(session())})`,
  ],
  ['begin_social', () => `(${json({ id: newId(), stateHash: newId(), connector: 'demo', browserHash: 'x' })})`],
  [
    'take_oauth_state',
    () => `(${json({ stateHash: 'plan-7', connector: 'demo', browserHash: 'x', operationId: newId() })})`,
  ],
  ['link_social_account', () => `(gatehouse.uid(), ${json({ ...identity(), subject: newId() })}, ${json(facts())})`],
  ['unlink_social_account', () => `(${id()}, ${providers}, ${json(facts())})`],
  ['begin_passkey_registration', () => `('\\x00')`],
  [
    'register_passkey',
    () =>
      `(${json({ ...challenge(), id: newId(), credentialId: newId().replaceAll('-', ''), publicKey: '00', aaguid: '00', counter: 0, backedUp: false, transports: [] })}, ${json(facts())})`,
  ],
  ['remove_passkey', () => `(${id()}, ${providers}, ${json(facts())})`],
  ['begin_step_up', () => '()'],
  ['request_proof_mail', () => `('email_change', '${newId()}@example.com', ${json(link())})`],
  ['step_up_by_mail', () => `(${json({ tokenHash: 'plan-7', browserHash: 'x' })}, ${json(session())})`],
  [
    'step_up_by_passkey',
    () => `(${json({ ...challenge(), passkeyId: newId(), counter: 0, backedUp: false })}, ${json(session())})`,
  ],
  ['change_email', () => `(${json({ tokenHash: 'plan-7', browserHash: 'x' })}, ${json(facts())})`],
  ['report_not_me', () => `('plan-10', ${json(facts())})`],
  ['create_token', () => `(${json(token())}, ${json(facts())})`],
  ['rotate_token', () => `(${id()}, ${json(token())}, ${json(facts())})`],
  ['revoke_token', () => `(${id()}, ${json(facts())})`],
  ['revoke_session', () => `(${id()}, ${json(facts())})`],
  ['revoke_other_sessions', () => `(${json(facts())})`],
  ['end_session', () => `(${json(facts())})`],
  ['current_session', () => '()'],
];

describe(`at ${ROWS.toLocaleString('en')} users a function of a request reads through indexes alone:`, () => {
  it.each(calls)('%s', async (name, call) => {
    await client.query('begin');
    try {
      await client.query(
        `select set_config('gatehouse.user_id', $1, true), set_config('gatehouse.actor_user_id', $1, true),
                set_config('gatehouse.actor_kind', 'session', true), set_config('gatehouse.actor_id', $2, true)`,
        [me.userId, me.sessionId],
      );
      await client.query(`select gatehouse.${name}${call()}`);
      // What this transaction alone has read, counted by PostgreSQL itself.
      const { rows } = await client.query(
        "select relname from pg_stat_xact_user_tables where schemaname = 'public' and seq_scan > 0",
      );
      expect(rows).toEqual([]);
    } finally {
      await client.query('rollback');
    }
  });

  it('and a scan would be seen', async () => {
    await client.query('begin');
    await client.query("select count(*) from users where bio = 'x'");
    const { rows } = await client.query('select relname from pg_stat_xact_user_tables where seq_scan > 0');
    await client.query('rollback');
    expect(rows).toEqual([{ relname: 'users' }]);
  });

  it('none of them is left out: every function that a role of the Worker may call is tried', () => {
    const isGranted = (file: string) => /grant execute/.test(readFileSync(file, 'utf8'));
    const granted = globSync('src/db/functions/auth/*.sql').filter(isGranted);
    const names = granted.map((file) => /(\w+)\.sql$/.exec(file)?.[1] ?? '');
    // Parts of those above, granted since their callers run as the caller.
    const parts = ['create_session', 'prove_mail', 'raise_alert', 'record_login', 'session_answer', 'session_limits'];
    parts.push('sign_in', 'spend_challenge', 'store_social_account', 'strip_unproven', 'use_passkey');
    const tried = new Set([...calls.map(([name]) => name), ...parts]);
    expect(names.filter((name) => !tried.has(name))).toEqual([]);
  });
});
