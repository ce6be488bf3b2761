import { neon, type NeonQueryFunction } from '@neondatabase/serverless';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { connectOwner } from '../support/owner.ts';

/**
 * Neither login of the Worker becomes another user of the session, by any spelling. On a server PostgreSQL sees to it; on
 * the embedded database neon-local does, and a test about roles would prove nothing there without.
 */
const logins = ['DATABASE_URL', 'SERVICE_DATABASE_URL'] as const;

function connect(setting: (typeof logins)[number]): NeonQueryFunction<false, false> {
  return neon(inject('worker')[setting] ?? '');
}

beforeAll(() => void connectOwner(inject('worker') as never));

/** What a statement is refused with. */
const refusal = (work: Promise<unknown>) =>
  work.then(
    () => 'passed',
    (error: unknown) => (error as { code?: string }).code,
  );

const ownerName = () => decodeURIComponent(new URL(inject('worker').OWNER_URL).username);

const escapes = (name: string): string[] => [
  `set session authorization "${name}"`,
  `set local session authorization "${name}"`,
  `select set_config('session_authorization', '${name}', false)`,
  `select set_config('session_' || 'authorization', '${name}', true)`,
  `do $$ begin execute 'set session ' || 'authorization "${name}"'; end $$`,
  `do $$ begin perform set_config('session_' || 'authorization', '${name}', true);
    perform set_config('session_' || 'authorization', session_user::text, true); end $$`,
  `select query_to_xml('select set_config(''session_'' || ''authorization'', ''${name}'', false)', true, true, '')`,
];

describe.each(logins)('the login of %s', (setting) => {
  it('cannot become the owner, nor the other login, nor what it is a member of', async () => {
    const sql = connect(setting);
    const other = setting === 'DATABASE_URL' ? 'gatehouse_service' : 'gatehouse_app';
    for (const name of [ownerName(), other, 'gatehouse_system', 'gatehouse_member']) {
      for (const escape of escapes(name)) {
        expect(await refusal(sql.query(escape)), escape).toBe('42501');
        const batch = sql.transaction([sql.query(escape), sql`select count(*) from users`]);
        expect(await refusal(batch), escape).toBe('42501');
      }
    }
  });

  it('is no superuser and reads no table, whatever it says first', async () => {
    const sql = connect(setting);
    const [who] = await sql`select session_user::text as name, current_setting('is_superuser') as superuser`;
    expect(who).toEqual({ name: new URL(inject('worker')[setting] ?? '').username, superuser: 'off' });
    for (const first of ['reset role', 'set role none', `select set_config('role', 'none', true)`]) {
      const batch = sql.transaction([sql.query(first), sql`select count(*) from users`]);
      expect(await refusal(batch), first).toBe('42501');
    }
    expect(await refusal(sql.query(`set role "${ownerName()}"`))).toBe('42501');
  });
});
