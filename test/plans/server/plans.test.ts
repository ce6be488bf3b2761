import { globSync, readFileSync } from 'node:fs';
import { type SQL, sql } from 'drizzle-orm';
import type { PgSelect } from 'drizzle-orm/pg-core';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import type { GatedContext } from '../../../src/context.ts';
import { connect } from '../../../src/db/client.ts';
import { type Gate, memberGate } from '../../../src/db/gate.ts';
import type { Statement } from '../../../src/db/statement.ts';
import { getProfile, updateProfile } from '../../../src/domain/account/profile.ts';
import { listPasskeys } from '../../../src/domain/auth/passkeys/manage.ts';
import { getSession, listLoginHistory, listSessions } from '../../../src/domain/auth/queries.ts';
import { listSocialAccounts } from '../../../src/domain/auth/social/manage.ts';
import { listTokens } from '../../../src/domain/auth/tokens/manage.ts';
import { parseCredential } from '../../../src/lib/credentials.ts';
import { newId } from '../../../src/lib/ids.ts';
import { connectOwner, newPerson, type Owner, type Person } from '../../support/owner.ts';
import { requireServer } from '../../support/require-server.ts';
import { seedAccounts } from '../../support/seed-accounts.ts';

const ROWS = 100_000;
let owner: Owner;
let me: Person;

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly Plans?: readonly Plan[];
}

beforeAll(async () => {
  requireServer();
  owner = connectOwner(inject('worker') as never);
  me = await newPerson(owner);
  await seedAccounts(owner, ROWS);
});

/**
 * A gate that asks for the plan of each statement instead of its rows, behind the real gate: as a member, under the
 * wall. Of a SQL function it explains the query inside, since a call by itself has no plan worth reading.
 */
function explaining(plans: Plan[]): Gate {
  const settings = inject('worker');
  const credential = parseCredential(me.token);
  if (!credential) throw new Error('malformed');
  const gate = memberGate(connect(settings.DATABASE_URL ?? '', settings.NEON_SQL_ENDPOINT), credential, {
    subject: 'self',
  });
  return async (build) => {
    const results = await gate((db) =>
      build(db).map((statement) => db.execute(sql`explain (format json) ${queryOf(statement)}`)),
    );
    for (const { rows } of results as unknown as { rows: { 'QUERY PLAN': { Plan: Plan }[] }[] }[]) {
      for (const row of rows) plans.push(...row['QUERY PLAN'].map(({ Plan: plan }) => plan));
    }
    return results.map(() => []) as never;
  };
}

function queryOf(statement: Statement): SQL {
  if (!('text' in statement)) return (statement as unknown as PgSelect).getSQL();
  const name = /gatehouse\.(\w+)\(/.exec(statement.text)?.[1] ?? '';
  // It writes one row by the primary key, and has no query that answers.
  if (name === 'keep_effect') return sql.raw(statement.text);
  const [file = ''] = globSync(`src/db/functions/*/${name}.sql`);
  const query = /return \(\n([\s\S]*?)\n {2}\);/.exec(readFileSync(file, 'utf8'))?.[1];
  if (!query) throw new Error(`The query inside ${name} was not found.`);
  return sql.raw(query);
}

const nodes = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodes)];

const hot: [string, (ctx: GatedContext) => Promise<unknown>][] = [
  ['getSession', getSession],
  ['listSessions', listSessions],
  ['the first page of the history', (ctx) => listLoginHistory(ctx, { limit: 25 })],
  ['a later page of the history', (ctx) => listLoginHistory(ctx, { limit: 25, cursor: newId() })],
  ['listPasskeys', listPasskeys],
  ['listSocialAccounts', listSocialAccounts],
  ['listTokens', (ctx) => listTokens(ctx, 'personal')],
  ['getProfile', getProfile],
  ['updateProfile', (ctx) => updateProfile(ctx, { bio: 'x' })],
];

describe(`at ${ROWS.toLocaleString('en')} users, as a member`, () => {
  it.each(hot)('%s reads through indexes alone', async (_, verb) => {
    const plans: Plan[] = [];
    // The verb gets no rows and may say that there is nothing: the plan is what is asked for.
    await verb({ gate: explaining(plans) } as GatedContext).catch(() => undefined);
    expect(plans).not.toEqual([]);
    const scans = plans.flatMap(nodes).filter((node) => node['Node Type'] === 'Seq Scan');
    expect(scans.map((node) => node['Relation Name'])).toEqual([]);
  });

  it('the gate finds a credential through its unique index', async () => {
    for (const [table, column] of [
      ['user_sessions', 'session_token_hash'],
      ['api_tokens', 'token_hash'],
      ['magic_links', 'token_hash'],
    ]) {
      const [row] = await owner.query(
        `select count(*)::int as n from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
        where i.indrelid = $1::regclass and i.indisunique and a.attname = $2 and i.indnatts = 1`,
        [table, column],
      );
      expect(row).toEqual({ n: 1 });
    }
  });
});
