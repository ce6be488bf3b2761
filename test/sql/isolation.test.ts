import { sql, type SQL } from 'drizzle-orm';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { connect, type Connection } from '../../src/db/client.ts';
import { memberGate, type Requirement } from '../../src/db/gate.ts';
import { databaseError } from '../../src/errors.ts';
import { newId } from '../../src/lib/ids.ts';
import { parseCredential } from '../../src/lib/credentials.ts';
import { connectOwner, insert, newOrganization, newPerson, type Owner, type Person } from '../support/owner.ts';
import { type SeededTable, seedEveryTable } from '../support/seed-rows.ts';

/**
 * Promise 6, below every procedure: whatever SQL a procedure runs as a member, every table × operation on the rows of
 * another user or organisation does nothing or is refused. Tables are read from the catalogue.
 */
let owner: Owner;
let app: Connection;
let victim: Person;
let rows: SeededTable[];
const attackers: { name: string; person: Person; requirement: Requirement }[] = [];

beforeAll(async () => {
  const settings = inject('worker');
  owner = connectOwner(settings as never);
  app = connect(settings.DATABASE_URL ?? '', settings.NEON_SQL_ENDPOINT);
  victim = await newPerson(owner);
  const victims = await newOrganization(owner);
  // Services are a catalogue: nobody's rows, and everybody's to read.
  rows = (await seedEveryTable(owner, { userId: victim.userId, organizationId: victims })).filter(
    ({ table }) => table !== 'services',
  );
  const person = await newPerson(owner);
  const organizationId = await newOrganization(owner);
  await insert(owner, 'memberships', { organization_id: organizationId, user_id: person.userId, role: 'owner' });
  attackers.push(
    { name: 'another user', person, requirement: { subject: 'self' } },
    { name: 'another organisation', person, requirement: { subject: 'organization', organizationId, role: 'owner' } },
  );
});

/** Runs one statement behind the gate: how many rows it touched, or the SQLSTATE of the refusal. */
async function attempt(attacker: (typeof attackers)[number], statement: SQL): Promise<number | string> {
  const credential = parseCredential(attacker.person.token);
  if (!credential) throw new Error('malformed');
  try {
    const [result] = await memberGate(app, credential, attacker.requirement)((db) => [db.execute(statement)]);
    return result.rowCount;
  } catch (error) {
    const cause = error instanceof Error && 'details' in error ? (error.details as { cause?: unknown }).cause : error;
    return databaseError(cause)?.sqlstate ?? String(error);
  }
}

const where = ({ where: clause, params }: SeededTable): SQL =>
  sql.join(
    clause
      .split(/\$\d+/)
      .flatMap((text, i) => (i < params.length ? [sql.raw(text), sql`${params[i]}`] : [sql.raw(text)])),
  );

describe.each([0, 1])('attacker %i', (index) => {
  it('reads no row of anybody else, in any table', async () => {
    for (const row of rows) {
      const outcome = await attempt(
        attackerAt(index),
        sql`select count(*) from ${sql.identifier(row.table)} having count(*) filter (where ${where(row)}) > 0`,
      );
      expect([0, '42501'], row.table).toContain(outcome);
    }
  });

  it('changes no column of anybody else’s row', async () => {
    for (const row of rows) {
      for (const column of row.columns) {
        const outcome = await attempt(
          attackerAt(index),
          sql`update ${sql.identifier(row.table)} set ${sql.identifier(column)} = ${sql.identifier(column)} where ${where(row)}`,
        );
        // 428C9: a generated column, which nobody writes.
        expect([0, '42501', '428C9'], `${row.table}.${column}`).toContain(outcome);
      }
    }
  });

  it('deletes and locks no row of anybody else', async () => {
    for (const row of rows) {
      expect([0, '42501'], row.table).toContain(
        await attempt(attackerAt(index), sql`delete from ${sql.identifier(row.table)} where ${where(row)}`),
      );
      expect([0, '42501'], row.table).toContain(
        await attempt(
          attackerAt(index),
          sql`select 1 from ${sql.identifier(row.table)} where ${where(row)} for update`,
        ),
      );
    }
  });

  it('inserts no row for anybody else, in any table', async () => {
    for (const { table, columns } of rows) {
      const owning = columns.filter((name) => name === 'user_id' || name === 'organization_id');
      const values = owning.map((name) => (name === 'user_id' ? victim.userId : null));
      const extra = table === 'outbox' ? [sql.identifier('type')] : [];
      const names = sql.join([...owning.map((name) => sql.identifier(name)), ...extra], sql`, `);
      const given = sql.join([...values.map((value) => sql`${value}`), ...extra.map(() => sql`'x'`)], sql`, `);
      if (owning.length + extra.length === 0) continue;
      const outcome = await attempt(
        attackerAt(index),
        sql`insert into ${sql.identifier(table)} (${names}) values (${given})`,
      );
      expect(outcome, table).toBe('42501');
    }
  });
});

describe('a member', () => {
  const own = (statement: SQL) => attempt(attackerAt(0), statement);

  it('writes nothing of its own that is not its to write', async () => {
    const { userId, sessionId } = attackerAt(0).person;
    for (const column of [
      'id',
      'email',
      'email_verified_at',
      'role',
      'platform_role',
      'webauthn_handle',
      'suspended_at',
      'created_at',
      'updated_at',
    ]) {
      expect(await own(sql`update users set ${sql.identifier(column)} = null where id = ${userId}`), column).toBe(
        '42501',
      );
    }
    for (const column of [
      'user_id',
      'session_token_hash',
      'expires_at',
      'idle_timeout',
      'last_active_at',
      'authenticated_at',
    ]) {
      expect(
        await own(sql`update user_sessions set ${sql.identifier(column)} = null where id = ${sessionId}`),
        column,
      ).toBe('42501');
    }
    for (const statement of [
      sql`insert into memberships (organization_id, user_id, role) select organization_id, user_id, 'owner' from memberships`,
      sql`update memberships set role = 'owner'`,
      sql`insert into user_sessions (user_id, session_token_hash, auth_method, expires_at) values (${userId}, 'x', 'x', now())`,
      sql`insert into login_history (user_id, event_type, success) values (${userId}, 'x', true)`,
      sql`delete from login_history`,
      sql`insert into api_tokens (kind, user_id, name, token_hash, token_prefix) values ('personal', ${userId}, 'x', 'x', 'x')`,
      sql`update api_tokens set scopes = '["*"]'`,
      sql`delete from users where id = ${userId}`,
      sql`update user_sessions set revoked_at = now() where id = ${sessionId}`,
      sql`insert into passkeys (user_id, credential_id, public_key) values (${userId}, '\\x00', '\\x00')`,
      sql`update passkeys set counter = 0`,
      sql`update passkeys set public_key = '\\x00'`,
      sql`delete from passkeys`,
      sql`insert into oauth_accounts (user_id, provider, issuer, provider_user_id) values (${userId}, 'x', 'x', 'x')`,
      sql`update oauth_accounts set provider_user_id = 'x'`,
      sql`delete from oauth_accounts`,
      sql`insert into user_integrations (user_id, service_id) values (${userId}, 'gmail')`,
      sql`update user_integrations set is_active = true`,
      sql`delete from user_integrations`,
      sql`update services set is_active = false`,
      sql`insert into services (id, name, type, provider, connector_id) values ('x', 'x', 'x', 'x', 'x')`,
    ]) {
      expect(await own(statement)).toBe('42501');
    }
  });

  it('reads no secret, not even its own', async () => {
    for (const [table, column] of [
      ['user_sessions', 'session_token_hash'],
      ['api_tokens', 'token_hash'],
      ['magic_links', 'code_hash'],
      ['users', 'webauthn_handle'],
      ['oauth_states', 'state_hash'],
      ['security_alerts', 'token_hash'],
      ['known_devices', 'device_hash'],
      ['spent_challenges', 'challenge_hash'],
      ['user_integrations', 'credentials'],
      ['user_integrations', 'auth_code'],
    ] as const) {
      expect(await own(sql`select ${sql.identifier(column)} from ${sql.identifier(table)}`), `${table}.${column}`).toBe(
        '42501',
      );
    }
  });

  it('cannot take a revocation back', async () => {
    const { userId } = attackerAt(0).person;
    await insert(owner, 'user_sessions', {
      user_id: userId,
      session_token_hash: `dead-${userId}`,
      auth_method: 'x',
      expires_at: new Date().toISOString(),
      revoked_at: new Date().toISOString(),
    });
    expect(await own(sql`update user_sessions set revoked_at = null where user_id = ${userId}`)).toBe('42501');
  });

  it('that forges its identity away makes no token of the deployment', async () => {
    const token = JSON.stringify({ id: newId(), tokenHash: 'x', prefix: 'x', name: 'x', scopes: [], seconds: 60 });
    const forged = sql`with f as (select set_config('gatehouse.user_id', '', true))
      select gatehouse.create_token(${token}::jsonb, '{}') from f`;
    expect(await own(forged)).toBe('GH014');
    expect(await owner.query("select id from api_tokens where token_hash = 'x'")).toEqual([]);
  });

  it('tells the outbox only of its own subject', async () => {
    expect(await own(sql`insert into outbox (type, user_id) values ('x', gatehouse.uid())`)).toBe(1);
    expect(await own(sql`insert into outbox (type) values ('x')`)).toBe('42501');
    expect(await own(sql`insert into outbox (type, user_id, dispatched_at) values ('x', gatehouse.uid(), now())`)).toBe(
      '42501',
    );
  });

  it('may not call what is not for members', async () => {
    for (const call of [
      sql`gatehouse.enter_system(1)`,
      sql`gatehouse.cleanup_batch('users', 1)`,
      sql`gatehouse.create_session('x', '{}')`,
      sql`gatehouse.find_credential('x', 'session')`,
      sql`cleanup_expired_sessions()`,
      sql`gatehouse.sign_in('x', '{}')`,
      sql`gatehouse.sign_in_by_passkey('{}', '{}')`,
      sql`gatehouse.sign_in_by_provider('{}', '{}')`,
      sql`gatehouse.refresh_session('{}')`,
      sql`gatehouse.insert_token('{}')`,
      sql`gatehouse.record_login('x', 'x', null, '{}')`,
      sql`gatehouse.report_not_me('x', '{}')`,
      sql`gatehouse.preview_report('x')`,
      sql`gatehouse.report_items('x', now())`,
      sql`gatehouse.tell_moved('x', '{}')`,
      sql`gatehouse.lock_actor()`,
      sql`gatehouse.use_passkey('{}')`,
      sql`gatehouse.find_passkey('\\x00')`,
      sql`gatehouse.take_oauth_state('{}')`,
      sql`get_valid_token('x', 'gmail')`,
      sql`get_user_with_integrations('x')`,
      sql`cleanup_orphaned_integrations()`,
      sql`gatehouse.write_tokens('{}')`,
      sql`gatehouse.move_integration(gen_random_uuid(), 'x')`,
    ]) {
      expect(await own(sql`select ${call}`)).toBe('42501');
    }
  });
});

function attackerAt(index: number) {
  const attacker = attackers[index];
  if (!attacker) throw new Error('No such attacker.');
  return attacker;
}
