import { readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { blocksOf, type GuideBlock, named } from '../support/guide-blocks.ts';
import { type GuideDatabase, openGuideDatabase, type Rows } from './guide-database.ts';

const pages = ['docs/migration-guide.md', 'docs/integrations.md'];
const blocks = pages.flatMap((page) => blocksOf(readFileSync(page, 'utf8')));
const marked = (language: string, mark: string) =>
  blocks.filter((block) => block.language === language && block.mark === mark);

/** What n8n puts in place of its expression. */
const filledIn = ({ text }: GuideBlock) => text.replaceAll('{{ $json.user_id }}', 'user_123');

/** The query of the n8n node. */
function nodeQuery(mark: string): string {
  const [block] = marked('sql', mark).filter(({ text }) => text.includes('{{ $json'));
  return block ? filledIn(block) : '';
}

/** The code node behind it: its text is a function's body, and `$json` the item that came in. */
function runCode(mark: string, $json: unknown): unknown {
  const [block] = marked('js', mark);
  return runInNewContext(`(() => { ${block?.text ?? ''} })()`, { $json });
}

let database: GuideDatabase;
/** What the old statements answered before the move, by line. */
const before = new Map<number, Rows | Error>();
let oldItem: Record<string, unknown> | undefined;

beforeAll(async () => {
  database = await openGuideDatabase();
  for (const block of marked('sql', 'old')) {
    before.set(block.line, await database.asOwner(filledIn(block)).catch((error: Error) => error));
  }
  [oldItem] = await database.asOwner(nodeQuery('old'));
  await database.move({});
}, 120_000);

afterAll(() => database.close());

describe('the SQL of the migration guide', () => {
  it.each(named(marked('sql', 'old')))('ran before the move: %s', (_, { line }) => {
    expect(before.get(line)).toBeInstanceOf(Array);
  });

  it.each(named(marked('sql', '')))('runs after the move: %s', async (_, block) => {
    expect(await database.asClient(filledIn(block))).toBeInstanceOf(Array);
  });

  it.each(named(marked('sql', 'owner')))('runs as the owner: %s', async (_, { text }) => {
    expect(await database.asOwner(text)).toBeInstanceOf(Array);
  });

  it.each(named(marked('sql', 'refused')))('is refused where the guide says so: %s', async (_, { text }) => {
    await expect(database.asClient(text)).rejects.toThrow(
      /cannot insert into column "access_token"|permission denied|"user_integrations" is not a table/,
    );
  });
});

describe('a SQL client', () => {
  it.each([
    `update public.oauth_connections set access_token = 'x'`,
    `insert into public.services (id, name, type, provider, connector_id) values ('fax', 'Fax', 'fax', 'fax', 'fax')`,
    `update public.services set is_active = false`,
    `update dev.users set id = 'other' where id = 'user_123'`,
    `update public.users set platform_role = 'admin'`,
    'select from public.user_sessions',
    'select from public.api_tokens',
    'select from public.passkeys',
    'select refresh_token from dev.users_old',
    'select from public.legacy_runs',
  ])('may not %s', async (text) => {
    await expect(database.asClient(text)).rejects.toThrow('permission denied');
  });

  it.each([
    `insert into dev.users (id, email) values ('user_new', 'new@example.com')`,
    `update dev.users set display_name = 'J', position = 'P', role = 'r', phone_number = '1', time_zone = 'UTC'`,
    'select id, email, access_token, telegram_id, signal_source_uuid from dev.users_old',
    'select access_token from public.oauth_connections',
  ])('may %s', async (text) => {
    expect(await database.asClient(text)).toBeInstanceOf(Array);
  });
});

describe('the n8n workflow of the migration guide', () => {
  it('read a token and its end, before the move', () => {
    expect(runCode('old', oldItem)).toEqual({ token: 'ya29.calendar', needsRefresh: false });
    const past = { ...oldItem, token_expiration_date_2: '2020-01-01 00:00:00' };
    expect(runCode('old', past)).toMatchObject({ needsRefresh: true });
  });

  it('takes a sealed text for no token, after it', async () => {
    const [item] = await database.asClient(nodeQuery(''));
    const token = expect.stringMatching(/^gatehouse:1:/);
    expect(item).toMatchObject({ token_info: { sealed: true, is_expired: false, token } });
    expect(runCode('', item)).toEqual({ needsRefresh: true });
  });

  it('reads a token in the clear where one is written', async () => {
    const write = `update dev.user_integrations set access_token = 'ya29.new', refresh_token = '1//new',
      token_expires_at = now() + interval '1 hour' where user_id = 'user_123' and service_id = 'google_calendar'`;
    const [item] = await database.asClient(`${write}; ${nodeQuery('')}`);
    expect(runCode('', item)).toEqual({ token: 'ya29.new', needsRefresh: false });
  });

  it('runs on the answer of the token route as it is', () => {
    const token_info = { token: 'ya29.route', refresh_token: null, is_expired: false, expires_at: null };
    expect(runCode('', { token_info })).toEqual({ token: 'ya29.route', needsRefresh: false });
    const expired = { ...token_info, token: null, is_expired: true };
    expect(runCode('', { token_info: expired })).toEqual({ needsRefresh: true });
  });
});

describe('a moved user', () => {
  it('keeps the integrations when the address is proven by the first sign-in', async () => {
    const [left] = await database.asOwner(`select gatehouse.strip_unproven_but('user_123', null);
      select count(*)::int as integrations, count(connection_id)::int as grants from public.user_integrations
       where user_id = 'user_123' and is_active`);
    expect(left).toEqual({ integrations: 4, grants: 2 });
  });

  it('has the role as a text, and no right by it', async () => {
    const [user] = await database.asOwner(`select role, platform_role::text from public.users where id = 'user_123'`);
    expect(user).toEqual({ role: 'admin', platform_role: 'user' });
  });

  it('is who the rows of every other table refer to', async () => {
    const referring = `select c.conname from pg_constraint c join pg_class r on r.oid = c.conrelid
      where c.contype = 'f' and r.relnamespace::regnamespace::text like 'dev%' and c.confrelid =`;
    expect(await database.asOwner(`${referring} 'public.users'::regclass`)).toHaveLength(7);
    expect(await database.asOwner(`${referring} 'dev.users_old'::regclass`)).toHaveLength(0);
  });
});
