/** A legacy schema as requirement 1 describes it before the migration: one bloated users table, and what hangs on it. */

/** Runs one or many statements, without parameters. */
export type RunSql = (text: string) => Promise<unknown>;

export interface LegacyPlan {
  readonly schema?: string;
  /** How many users; they have 2.25 credentials each. */
  readonly users: number;
  /** The type of the columns that hold the ends of tokens. */
  readonly dates?: 'text' | 'timestamp' | 'timestamptz';
  /** Whether a few values are of the awkward kind: quotes, other scripts, empty, unreadable, very long. */
  readonly hasAwkwardValues?: boolean;
}

/** Every service's share of the users: three quarters, three fifths, a half and two fifths make 2.25. */
const has = { gmail: 'i % 4 <> 0', calendar: 'i % 5 < 3', telegram: 'i % 2 = 0', signal: 'i % 5 in (1, 3)' };

/** How many users of a plan have a service. */
export function expectedCredentials({ users }: LegacyPlan): Record<keyof typeof has, number> {
  const count = (holds: (i: number) => boolean) => Array.from({ length: users }, (_, i) => i + 1).filter(holds).length;
  return {
    gmail: count((i) => i % 4 !== 0),
    calendar: count((i) => i % 5 < 3),
    telegram: count((i) => i % 2 === 0),
    signal: count((i) => i % 5 === 1 || i % 5 === 3),
  };
}

/** Makes the schema and fills it, in SQL alone, so that 200,000 users are a matter of seconds. */
export async function createLegacySchema(run: RunSql, plan: LegacyPlan): Promise<void> {
  const schema = plan.schema ?? 'dev';
  for (const statement of [...tables(schema, plan), ...contents(schema, plan), ...surroundings(schema)]) {
    await run(statement);
  }
}

function tables(schema: string, { dates = 'text' }: LegacyPlan): string[] {
  const credentials = (suffix: string) =>
    `access_token${suffix} text, refresh_token${suffix} text, client_id${suffix} text, client_secret${suffix} text,
     token_expiration_date${suffix} ${dates}, refresh_expired${suffix} boolean`;
  return [
    `create schema ${schema}`,
    `create schema ${schema}_archive`,
    `create table ${schema}.users (
       id text primary key, created_at timestamptz default now(), email text unique, display_name text,
       "position" text, role text, phone_number text, time_zone text,
       ${credentials('')}, ${credentials('_2')},
       telegram_id text, telegram_signup_token text, signal_source_uuid text,
       onboarding_step integer default 0, "Favourite ""colour""" text, settings jsonb, quota numeric(12, 3), tags text[],
       unique (id, email))`,
    `create table ${schema}.digests (id serial primary key, user_id text not null, body text,
       constraint digests_user_id_fkey foreign key (user_id) references ${schema}.users (id))`,
    `create table ${schema}.emails (id serial primary key, user_id text, subject text,
       constraint emails_user_id_fkey foreign key (user_id) references ${schema}.users (id))`,
    `create table ${schema}.preferences (user_id text primary key, theme text,
       constraint preferences_user_id_fkey foreign key (user_id) references ${schema}.users (id))`,
    `create table ${schema}.user_logs (id bigserial primary key, user_id text, line text,
       constraint user_logs_user_id_fkey foreign key (user_id) references ${schema}.users (id))`,
    `create table ${schema}.tasks (id serial primary key, user_id text, title text,
       constraint tasks_user_id_fkey foreign key (user_id) references ${schema}.users (id)
         on update cascade on delete set null deferrable initially deferred)`,
    `create table ${schema}.contacts (id serial primary key, owner_id text, owner_email text, name text,
       constraint contacts_owner_fkey foreign key (owner_id, owner_email) references ${schema}.users (id, email)
         match full on update cascade)`,
    `create table ${schema}_archive.notes (id serial primary key, author text, line text,
       constraint "Notes of ""author""" foreign key (author) references ${schema}.users (id) on delete cascade)`,
    `create table ${schema}.telegram_messages (id bigserial primary key, sender_id text, recipient_id text, body text)`,
  ];
}

/** A value for one in `every` users, else the usual one. */
const oneIn = (every: number, value: string, usual: string) =>
  `case when i % ${every} = 7 then ${value} else ${usual} end`;

function contents(schema: string, plan: LegacyPlan): string[] {
  const awkward = (every: number, value: string, usual: string) =>
    plan.hasAwkwardValues === false ? usual : oneIn(every, value, usual);
  const moment = `timestamp '2026-01-01' + i * interval '7 minutes'`;
  const date = (offset: number) => {
    if (plan.dates === 'timestamp') return moment;
    if (plan.dates === 'timestamptz') return `(${moment}) at time zone 'UTC'`;
    const spelled = `case (i + ${offset}) % 4 when 0 then to_char(${moment}, 'YYYY-MM-DD HH24:MI:SS')
      when 1 then to_char(${moment}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
      when 2 then to_char(${moment}, 'YYYY-MM-DD HH24:MI:SS+02') else to_char(${moment}, 'YYYY-MM-DD"T"HH24:MI') end`;
    return awkward(41, `case i % 3 when 0 then 'never' when 1 then '' else '2026-13-45' end`, spelled);
  };
  const token = (start: string, offset: number) =>
    awkward(
      53,
      `'${start}é"''\\ ' || i`,
      awkward(
        211,
        `'${start}' || repeat(md5(i::text), 256)`,
        `'${start}' || md5((i * 2 + ${offset})::text) || md5(i::text)`,
      ),
    );
  const set = (condition: string, offset: number) => [
    [`case when ${condition} then ${token('ya29.', offset)} end`],
    [`case when ${condition} and i % 10 <> 3 then ${token('1//', offset + 1)} end`],
    [`case when ${condition} then '1234' || i % 3 || '.apps.example' end`],
    [`case when ${condition} and i % 3 = 0 then 'GOCSPX-' || md5(i::text) end`],
    [`case when ${condition} then ${date(offset)} end`],
    [`case when ${condition} and i % 9 = 0 then true when i % 7 = 0 then null else false end`],
  ];
  const columns = [
    [`'user_' || i`],
    [`timestamptz '2024-01-01 00:00:00.123456+00' + i * interval '1 minute'`],
    [awkward(83, `null`, `'Person.' || i || '@example.com'`)],
    [awkward(31, `'O''Neill "Ω" \\ ' || i || chr(10) || '名'`, `'Person ' || i`)],
    [awkward(37, `''`, `'Engineer'`)],
    [`case when i % 100 = 0 then 'admin' else 'member' end`],
    [`'+1' || (2000000000 + i)`],
    [awkward(43, `null`, `'America/New_York'`)],
    ...set(has.gmail, 1),
    ...set(has.calendar, 5),
    [`case when ${has.telegram} then 'telegram_' || i end`],
    [`case when i % 3 = 0 then 'signup-' || md5(i::text) end`],
    [`case when ${has.signal} then md5('signal' || i)::uuid::text end`],
    [`i % 6`],
    [awkward(29, `'it''s "blue"'`, `'blue'`)],
    [`jsonb_build_object('step', i, 'big', 12345678901234567890)`],
    [`i * 1.125`],
    [`array['a', 'b,"c"', i::text]`],
  ];
  const every = `generate_series(1, ${plan.users}) i`;
  return [
    `insert into ${schema}.users select ${columns.flat().join(', ')} from ${every}`,
    `insert into ${schema}.digests (user_id, body) select 'user_' || i, 'digest ' || i from ${every} where i % 2 = 0`,
    `insert into ${schema}.emails (user_id, subject) select 'user_' || i, 'subject ' || i from ${every}`,
    `insert into ${schema}.preferences (user_id, theme) select 'user_' || i, 'dark' from ${every} where i % 3 = 0`,
    `insert into ${schema}.user_logs (user_id, line) select 'user_' || i, 'line' from ${every} where i % 4 = 0`,
    `insert into ${schema}.tasks (user_id, title) select 'user_' || i, 'task ' || i from ${every} where i % 3 = 1`,
    `insert into ${schema}.contacts (owner_id, owner_email, name)
       select id, email, 'contact' from ${schema}.users where email is not null and onboarding_step = 1`,
    `insert into ${schema}_archive.notes (author, line) select 'user_' || i, 'note' from ${every} where i % 5 = 0`,
    `insert into ${schema}.telegram_messages (sender_id, recipient_id, body)
       select 'telegram_' || i, 'telegram_' || (i + 1), 'hello' from ${every} where i % 4 = 0`,
  ];
}

/** What else a table carries and must carry again after a rollback: index, trigger, comment, grant, check. */
function surroundings(schema: string): string[] {
  return [
    `create index users_telegram_id_idx on ${schema}.users (telegram_id) where telegram_id is not null`,
    `create index emails_user_id_idx on ${schema}.emails (user_id)`,
    `alter table ${schema}.users add constraint users_step check (onboarding_step between 0 and 9)`,
    `comment on table ${schema}.users is 'People, and what they have connected'`,
    `comment on constraint digests_user_id_fkey on ${schema}.digests is 'whose digest'`,
    `grant usage on schema ${schema} to gatehouse_sql`,
    `grant select, insert, update, delete on all tables in schema ${schema} to gatehouse_sql`,
    `analyze ${schema}.users`,
  ];
}

/** The tables of a legacy schema, as `schema.table`; the users table under the name it has now. */
export const legacyTables = (schema: string, users = 'users'): string[] => [
  `${schema}.${users}`,
  ...['contacts', 'digests', 'emails', 'preferences', 'tasks', 'telegram_messages', 'user_logs'].map(
    (name) => `${schema}.${name}`,
  ),
  `${schema}_archive.notes`,
];
