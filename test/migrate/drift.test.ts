import { beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { compareCatalogues, describeDrift } from '../../src/db/migrate/catalogue/compare.ts';
import { type Catalogue, normalise, readCatalogue } from '../../src/db/migrate/catalogue/read.ts';
import { withShadow } from '../../src/db/migrate/catalogue/shadow.ts';
import { applyMigrations } from '../../src/db/migrate/index.ts';
import { directoryOf, useDatabase } from './support.ts';
import { RICH_FILES } from './rich-schema.ts';

const { connection, query } = useDatabase();
let expected: Catalogue;

beforeAll(async () => {
  const logins = { app: 'gatehouse_app', service: 'gatehouse_service' };
  expected = await withShadow({ directory: directoryOf(RICH_FILES), logins }, readCatalogue);
});

beforeEach(async () => {
  await applyMigrations({ connection, directory: directoryOf(RICH_FILES) });
});

async function driftAfter(change: string): Promise<string[]> {
  await query(change);
  const { drift } = compareCatalogues(expected, await readCatalogue(connection));
  return drift.map((item) => describeDrift(item));
}

describe('the catalogue model', () => {
  it('is the same for two databases with the same migrations', async () => {
    expect(compareCatalogues(expected, await readCatalogue(connection))).toEqual({ drift: [], others: [] });
  });

  it('holds every kind of object', () => {
    expect(new Set([...expected.values()].map(({ kind }) => kind))).toEqual(
      new Set([
        'extension',
        'schema',
        'default privileges',
        'type',
        'sequence',
        'table',
        'column',
        'constraint',
        'index',
        'policy',
        'grant',
        'column grant',
        'trigger',
        'rule',
        'view',
        'function',
        'function grant',
      ]),
    );
  });

  it('keeps schemas and drops tables before columns in printed queries, which versions qualify differently', () => {
    const schemas = new Set(['gatehouse', 'public']);
    const fifteen = 'using (users.user_id = ( SELECT gatehouse.uid() AS uid))';
    expect(normalise('policy', fifteen, schemas)).toBe('using (user_id = ( SELECT gatehouse.uid() AS uid))');
    expect(normalise('function', 'return users.id', schemas)).toBe('return users.id');
  });
});

describe('drift is found', () => {
  it.each([
    ['a missing table', 'drop table posts cascade', /^table public\.posts is missing\.$/],
    ['a missing column', 'alter table posts drop column parent', /^column public\.posts\.parent is missing/],
    [
      'an extra column',
      'alter table users add column role text',
      /^column public\.users\.role is in no migration: text$/,
    ],
    [
      'another type',
      'alter table users alter kind type varchar(30)',
      /column public\.users\.kind is different.*varying\(30\)/,
    ],
    ['another default', 'alter table users alter idle drop default', /^column public\.users\.idle is different/],
    [
      'a column that may be null',
      'alter table users alter email drop not null',
      /^column public\.users\.email is different/,
    ],
    ['a missing constraint', 'alter table users drop constraint users_kind_check', /users_kind_check is missing/],
    [
      'an extra constraint',
      `alter table users add check (email <> '')`,
      /^constraint public\.users\.users_email_check is in no/,
    ],
    ['a constraint not validated', 'alter table users add check (id > email) not valid', /NOT VALID/],
    ['a missing index', 'drop index posts_body', /^index public\.posts_body is missing/],
    ['an extra index', 'create index too_many on users (mood)', /^index public\.too_many is in no migration/],
    [
      'row level security switched off',
      'alter table posts disable row level security',
      /^table public\.posts is different.*NO row/,
    ],
    [
      'row level security not forced',
      'alter table posts no force row level security',
      /^table public\.posts is different/,
    ],
    ['a missing policy', 'drop policy own on posts', /^policy public\.posts\.own is missing/],
    ['another policy', 'alter policy own on posts using (true)', /^policy public\.posts\.own is different/],
    ['a policy for others', 'alter policy own on posts to public', /^policy public\.posts\.own is different/],
    [
      'an extra policy',
      'create policy all_of_it on users using (true)',
      /^policy public\.users\.all_of_it is in no migration/,
    ],
    [
      'an extra grant on a table',
      'grant select on users to gatehouse_member',
      /^grant public\.users to gatehouse_member is in no migration: SELECT/,
    ],
    ['an extra grant to PUBLIC', 'grant select on users to public', /^grant public\.users to public/],
    ['a grant that may be handed on', 'grant select on posts to gatehouse_admin with grant option', /SELECT\*/],
    [
      'a missing grant',
      'revoke insert on posts from gatehouse_admin',
      /^grant public\.posts to gatehouse_admin is different/,
    ],
    [
      'an extra grant on a column',
      'grant update (user_id) on posts to gatehouse_member',
      /^column grant public\.posts\.user_id to/,
    ],
    [
      'another function body',
      `create or replace function gatehouse.me() returns text stable language plpgsql set search_path = '' as $$ begin return 'root'; end $$`,
      /^function gatehouse\.me\(\) is different/,
    ],
    ['another volatility', 'alter function gatehouse.me() volatile', /^function gatehouse\.me\(\) is different/],
    [
      'a definer function made of an invoker',
      'alter function gatehouse.me() security definer',
      /^function gatehouse\.me\(\) is different/,
    ],
    [
      'another search path',
      'alter function gatehouse.me() reset search_path',
      /^function gatehouse\.me\(\) is different/,
    ],
    [
      'a function open to PUBLIC',
      'grant execute on function gatehouse.me() to public',
      /^function grant gatehouse\.me\(\) to public is in no/,
    ],
    ['a missing function', 'drop function mine(int)', /^function public\.mine\(p_limit integer\) is missing\.$/],
    [
      'an overload of one of ours',
      `create function public.mine(text) returns int language sql as 'select 1'`,
      /^function public\.mine\(text\) is in no/,
    ],
    [
      'an extra function in schema gatehouse',
      `create function gatehouse.back_door() returns int language sql as 'select 1'`,
      /^function gatehouse\.back_door\(\) is in no/,
    ],
    ['a missing trigger', 'drop trigger stamp on posts', /^trigger public\.posts\.stamp is missing/],
    ['a trigger switched off', 'alter table posts disable trigger stamp', /^trigger public\.posts\.stamp is different/],
    [
      'an extra trigger',
      'create trigger spy before insert on users for each row execute function stamp()',
      /^trigger public\.users\.spy is in no/,
    ],
    [
      'an extra rule',
      'create rule swallow as on update to users do instead nothing',
      /^rule public\.users\.swallow is in no/,
    ],
    [
      'another view',
      'create or replace view calm with (security_invoker = true) as select id, email from users',
      /^view public\.calm is different/,
    ],
    [
      'a view with the rights of its owner',
      'alter view calm reset (security_invoker)',
      /^view public\.calm is different/,
    ],
    ['another enum', `alter type mood add value 'wild'`, /^type public\.mood is different.*wild/],
    ['another domain', 'alter domain email drop not null', /^type public\.email is different/],
    ['another sequence', 'alter sequence tickets increment 3', /^sequence public\.tickets is different/],
    [
      'another owner',
      'alter table users owner to gatehouse_admin',
      /^table public\.users is different.*owner gatehouse_admin/,
    ],
    ['rights on the schema', 'grant create on schema gatehouse to gatehouse_member', /^schema gatehouse is different/],
    [
      'functions open by default',
      'alter default privileges grant execute on functions to public',
      /^default privileges functions is different/,
    ],
    [
      'a change of the journal',
      'grant insert on gatehouse.migrations to gatehouse_app',
      /^grant gatehouse\.migrations to gatehouse_app/,
    ],
  ])('%s', async (_, change, message) => {
    const drift = await driftAfter(change);
    expect(
      drift.filter((line) => message.test(line)),
      drift.join('\n'),
    ).toHaveLength(1);
    await query('alter default privileges revoke execute on functions from public');
  });
});

describe("other people's objects in public", () => {
  it('are named, and no error', async () => {
    await query('create table theirs (a int primary key)');
    await query(`create function their_function() returns int language sql as 'select 1'`);
    await query('create view their_view as select 1 as one');
    const { drift, others } = compareCatalogues(expected, await readCatalogue(connection));
    expect(drift).toEqual([]);
    expect(others).toEqual(['table public.theirs', 'view public.their_view', 'function public.their_function()']);
  });
});
