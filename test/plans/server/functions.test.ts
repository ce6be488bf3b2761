import { globSync, readFileSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { connectOwner, newPerson, type Owner, type Person } from '../../support/owner.ts';
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
  await seedVault(owner, me.userId);
  client = new pg.Client({ connectionString: settings.OWNER_URL });
  await client.connect();
}, 240_000);
afterAll(() => client?.end());

/** The vault of as many users, with two of mine, one of them leased; `plan-<i>` is the account of user i. */
async function seedVault(owner: Owner, userId: string): Promise<void> {
  const columns =
    '(user_id, connector_id, account_id, access_token, refresh_token, scopes, expires_at, next_refresh_at)';
  const values = "'demo', 'plan-' || i, 'gatehouse:1:dev:x', 'gatehouse:1:dev:x', 'openid', now() + interval '1 hour'";
  const statements = [
    `insert into oauth_connections ${columns} select 'plan-' || i, ${values}, now() + i * interval '1 second'
       from generate_series(1, ${ROWS}) i on conflict do nothing`,
    `insert into oauth_connections ${columns} select '${userId}', ${values}, now() from generate_series(-1, 0) i`,
    `update oauth_connections set lease_id = '${LEASE}' where account_id = 'plan--1'`,
    `insert into connection_events (connection_id, user_id, connector_id, event)
       select id, user_id, 'demo', 'connected' from oauth_connections`,
    `insert into user_integrations (user_id, service_id, connection_id, external_user_id, credentials)
       select user_id, 'gmail', id, account_id, '"gatehouse:1:dev:x"' from oauth_connections
        where connector_id = 'demo' limit 20000`,
    `insert into grant_revocations (connection_id, owner, connector_id, account_id, token_field, token, next_try_at)
       select id, owner, 'demo', account_id, 'refresh_token', 'gatehouse:1:dev:x', now() + interval '1 day'
       from oauth_connections`,
    `insert into connector_breakers (connector_id, client_id, opened_at, open_until, last_failure)
       select 'demo', 'plan-' || i, now(), now(), '{}' from generate_series(1, 10000) i`,
    `insert into job_failures (job, table_name, row_id, last_failure, retry_at)
       select 'seal', 'oauth_connections', id, '{}', now() + interval '1 hour' from oauth_connections`,
    `with team as (insert into organizations (name) values ('plan') returning id)
       insert into connected_apps (organization_id, provider) select team.id, 'demo' from team, generate_series(1, 10000)`,
  ];
  for (const statement of statements) await owner.query(statement);
  for (const table of [
    'oauth_connections',
    'user_integrations',
    'connection_events',
    'grant_revocations',
    'connector_breakers',
    'job_failures',
  ]) {
    await owner.query(`analyze ${table}`);
  }
  await owner.query('analyze connected_apps');
}

const json = (value: object) => `'${JSON.stringify(value)}'::jsonb`;
const id = () => `'${newId()}'::uuid`;
const facts = () => ({ eventId: newId(), authMethod: 'passkey', alert: { id: newId(), tokenHash: newId() } });
const session = () => ({
  id: newId(),
  tokenHash: newId(),
  deviceHash: newId(),
  replaces: newId(),
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
const connectionOf = (account: string) =>
  `(select id from public.oauth_connections where user_id = gatehouse.uid() and account_id = '${account}')`;
const mine = connectionOf('plan-0');
const LEASE = newId();
const lease = (more: object = {}) => ({ id: newId(), seconds: 60, singleUse: ['demo'], ...more });
const grant = (accountId: string) => ({
  id: newId(),
  eventId: newId(),
  begunBy: me.userId,
  connectionId: null,
  connector: 'demo',
  accountId,
  issuer: 'https://plan.example',
  subject: accountId,
  accessToken: 'gatehouse:1:dev:y',
  tokenType: 'Bearer',
  scopes: 'openid',
  metadata: {},
  parameters: {},
});
const state = () => ({
  id: newId(),
  stateHash: newId(),
  connector: 'demo',
  browserHash: 'x',
  request: { scopes: ['openid'], parameters: {}, connectionId: null },
});
/** Of my other connection, as who leased it ends its lease. */
const leased = (more: object) =>
  `${json({ version: 1, leaseId: LEASE, ...more })} || jsonb_build_object('id', ${connectionOf('plan--1')})`;

/** A call of each function that a request runs, going as far into it as one call can. */
const calls: readonly [name: string, call: () => string][] = [
  ['request_magic_link', () => `(${json({ ...link(), email: 'plan-7@example.com', signUpOpen: true })})`],
  ['mailed_proof', () => `(${id()})`],
  ['sign_in_by_mail', () => `(${json({ tokenHash: 'plan-7', browserHash: 'x' })}, ${json(session())})`],
  ['sign_in_by_mail', () => `(${json({ linkId: newId(), codeHashes: ['x'], browserHash: 'x' })}, ${json(session())})`],
  ['token_makers', () => '()'],
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
  ['request_proof_mail', () => `('step_up', null, ${json(link())})`],
  ['step_up_by_mail', () => `(${json({ tokenHash: 'plan-7', browserHash: 'x' })}, ${json(session())})`],
  [
    'step_up_by_passkey',
    () => `(${json({ ...challenge(), passkeyId: newId(), counter: 0, backedUp: false })}, ${json(session())})`,
  ],
  ['change_email', () => `(${json({ tokenHash: 'plan-7', browserHash: 'x' })}, ${json(facts())})`],
  ['report_not_me', () => `('plan-10', ${json(facts())})`],
  ['preview_report', () => `('plan-11')`],
  ['tell_moved', () => `('plan-12@old.example', ${json({ id: newId(), tokenHash: newId() })})`],
  ['create_token', () => `(${json(token())}, ${json(facts())})`],
  ['rotate_token', () => `(${id()}, ${json(token())}, ${json(facts())})`],
  ['revoke_token', () => `(${id()}, ${json(facts())})`],
  ['revoke_session', () => `(${id()}, ${json(facts())})`],
  ['revoke_other_sessions', () => `(${json(facts())})`],
  ['end_session', () => `(${json(facts())})`],
  ['current_session', () => '()'],
  ['begin_connect', () => `(${json(state())})`],
  ['begin_connect', () => `(jsonb_set(${json(state())}, '{request,connectionId}', to_jsonb(${mine})))`],
  ['store_connection', () => `(${json(grant('plan-new'))})`],
  ['store_connection', () => `(${json(grant('plan-0'))})`],
  ['read_token', () => `(${json({ connector: 'demo', lease: lease() })})`],
  ['read_token', () => `(${json({ connector: 'demo', accountId: 'plan-0', lease: lease({ isForced: true }) })})`],
  ['make_primary', () => `(${mine})`],
  ['connection_breaker', () => `(${mine})`],
  ['disconnect', () => `(${mine}, ${id()})`],
  ['disconnect', () => `(${id()}, ${id()})`],
  ['release_connections', () => '(gatehouse.uid(), null)'],
  ['claim_due', () => '(100)'],
  ['lease_connections', () => `(jsonb_build_array(jsonb_build_array(${mine}, 1)), ${json(lease())})`],
  ['release_leases', () => `(${id()}, array[${mine}], 60)`],
  ['commit_refresh', () => `(${leased({ tokens: { accessToken: 'x', tokenType: 'Bearer' } })})`],
  ['fail_refresh', () => `(${leased({ failure: { class: 'transient', code: 'x' }, retryIn: 60 })})`],
  ['open_breaker', () => `(${json({ connector: 'demo', key: 'plan-7', seconds: 1, maxSeconds: 2, failure: {} })})`],
  ['claim_revocations', () => '(24)'],
  ['settle_revocation', () => `(${id()}, ${json({ event: 'grant_revoked' })})`],
  ['values_to_seal', () => `('oauth_connections', ${id()}, 200)`],
  ['values_to_seal', () => `('user_integrations', ${id()}, 200)`],
  ['claim_unidentified', () => '(24)'],
  [
    'identify_connection',
    () =>
      `((select ${json({ accountId: 'plan-named', metadata: {}, to: { access_token: 'x' } })} || jsonb_build_object('id', c.id,
         'version', c.version, 'from', jsonb_build_object('access_token', c.access_token, 'refresh_token', c.refresh_token))
         from public.oauth_connections c where c.id = ${mine}))`,
  ],
  ['postpone_identification', () => `(${mine}, 1, 60)`],
  ['set_aside', () => `('seal', ${json([{ table: 'oauth_connections', id: newId(), code: 'x' }])})`],
  ['bound_revocations', () => `('user:plan-7')`],
  ['reseal_values', () => `(${json([{ table: 'oauth_connections', id: newId(), from: {}, to: {} }])})`],
];

describe(`at ${ROWS.toLocaleString('en')} users a function of a request reads through indexes alone:`, () => {
  // What the transactions before have read is written away, else it counts with that of the next for up to a second.
  beforeEach(() => client.query('select pg_stat_force_next_flush()'));

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

  it.each(['{dev}', '{gone,dev}', '{gone}'])(
    'values_to_reseal, but for what waits to be revoked: keys %s',
    async (keys) => {
      await client.query('begin');
      await client.query('select gatehouse.values_to_reseal($1, 200)', [keys]);
      const { rows } = await client.query(
        "select relname from pg_stat_xact_user_tables where schemaname = 'public' and seq_scan > 0",
      );
      await client.query('rollback');
      expect(rows.filter(({ relname }) => relname !== 'grant_revocations')).toEqual([]);
    },
  );

  it('none of them is left out: every function that a role of the Worker may call is tried', () => {
    const isGranted = (file: string) => /grant execute/.test(readFileSync(file, 'utf8'));
    const granted = globSync('src/db/functions/{auth,oauth}/*.sql').filter(isGranted);
    const names = granted.map((file) => /(\w+)\.sql$/.exec(file)?.[1] ?? '');
    // Parts of those above, granted since their callers run as the caller.
    const parts = ['create_session', 'prove_mail', 'raise_alert', 'record_login', 'session_answer', 'session_limits'];
    parts.push('sign_in', 'spend_challenge', 'store_social_account', 'strip_unproven_but', 'use_passkey');
    parts.push('drop_connection', 'end_connection', 'note_connection', 'open_breaker_until');
    parts.push('sealed_connection', 'take_lease', 'sealed_under', 'credentials_text', 'is_usable');
    parts.push(
      'can_replace',
      'name_account',
      'code_limits',
      'code_tries',
      'may_mail_code',
      'standing_since',
      'reservation',
    );
    parts.push(
      'is_outranked',
      'report_start',
      'report_items',
      'report_address',
      'bridge_changes',
      'report_losses',
      'report_kept',
      'report_mails',
      'undo_items',
    );
    parts.push('answer_limit', 'breaker_key', 'has_own_client', 'is_set_aside', 'vault_entry');
    parts.push('connection_entry', 'integration_entry', 'revocation_entry');
    // They read what waits to be revoked, whole: a report, and a job of every ten minutes.
    const reports = ['key_coverage', 'values_to_reseal'];
    const tried = new Set([...calls.map(([name]) => name), ...parts, ...reports]);
    expect(names.filter((name) => !tried.has(name))).toEqual([]);
  });

  it('and a scan would be seen', async () => {
    await client.query('begin');
    await client.query("select count(*) from users where bio = 'x'");
    const { rows } = await client.query('select relname from pg_stat_xact_user_tables where seq_scan > 0');
    await client.query('rollback');
    expect(rows).toEqual([{ relname: 'users' }]);
  });
});
