import { expect } from 'vitest';
import { type Statement, USER } from './statement.ts';

const gmail = `user_id = 'user_123' and service_id = 'gmail'`;
const telegram = `user_id = 'user_123' and service_id = 'telegram'`;

/** UPDATE of one column through the view, and what is read back. */
function update(column: string, value: string, read: unknown, where = gmail): Statement {
  return {
    title: `update ${column}`,
    sql: `update dev.user_integrations set ${column} = ${value} where ${where}`,
    rows: 1,
    after: [`select ${column} as read from dev.user_integrations where ${where}`, [{ read }]],
  };
}

/** Statements of the document's kind that it does not write itself. */
export const variations: readonly Statement[] = [
  update('is_active', 'false', false),
  update('display_label', `'Work'`, 'Work'),
  update('access_token', `'new'`, 'new'),
  update('access_token', 'null', null),
  update('refresh_token', `'new'`, 'new'),
  update('token_expires_at', `'2125-01-01Z'`, expect.anything()),
  update('token_expires_at', 'null', null),
  update('refresh_expired', 'true', true),
  update('client_id', `'another'`, 'another'),
  update('client_secret', `'GOCSPX-new'`, 'GOCSPX-new'),
  update('auth_code', `'4/code'`, '4/code'),
  update('granted_scopes', `'["a", "b"]'`, ['a', 'b']),
  update('granted_scopes', 'null', null),
  update('external_user_id', `'me@example.com'`, 'me@example.com'),
  update('external_username', `'me'`, 'me'),
  update('credentials', `'{"imap": "x"}'`, { imap: 'x' }),
  update('metadata', `'{"primary": true}'`, { primary: true }),
  update('metadata', 'null', {}),
  update('created_at', `'2020-01-01Z'`, expect.anything()),
  update('access_token', `'bot'`, 'bot', telegram),
  {
    ...update('id', `'11111111-2222-4333-8444-555555555555'`, '11111111-2222-4333-8444-555555555555'),
    title: 'update id, which the grant follows',
    after: [
      `select id, access_token from dev.user_integrations where ${gmail}`,
      [{ id: '11111111-2222-4333-8444-555555555555', access_token: expect.any(String) }],
    ],
  },
  {
    title: 'update service_id',
    sql: `update dev.user_integrations set service_id = 'whatsapp' where user_id = 'user_123' and service_id = 'signal'`,
    rows: 1,
    after: [`select dev.user_has_service('user_123', 'whatsapp') as has`, [{ has: true }]],
  },
  {
    title: 'update user_id, of an integration without sealed values',
    sql: `update dev.user_integrations set user_id = 'user_5' where user_id = 'user_123' and service_id = 'signal'`,
    rows: 1,
    after: [`select dev.user_has_service('user_5', 'signal') as has`, [{ has: true }]],
  },
  {
    title: 'update user_id, of a sealed grant',
    only: 'sealed',
    sql: `update dev.user_integrations set user_id = 'user_4' where ${gmail}`,
    refused: 'GH020',
  },
  {
    title: 'update user_id, of a grant kept as text',
    only: 'plain',
    sql: `update dev.user_integrations set user_id = 'user_4' where ${gmail}`,
    rows: 1,
    after: [`select dev.get_gmail_token('user_4') as t`, [{ t: { token: 'ya29.a0', refresh_token: '1//0g' } }]],
  },
  {
    title: 'a token kept as text',
    only: 'plain',
    sql: `select dev.get_gmail_token('user_123') as t, access_token from dev.user_integrations where ${gmail}`,
    match: [{ t: { token: 'ya29.a0' }, access_token: 'ya29.a0' }],
  },
  {
    title: 'a sealed token, marked as such',
    only: 'sealed',
    sql: `select dev.get_gmail_token('user_123') as t, access_token from dev.user_integrations where ${gmail}`,
    match: [
      {
        t: { sealed: true, token: expect.stringMatching(/^gatehouse:1:/) },
        access_token: expect.stringMatching(/^gatehouse:1:/),
      },
    ],
  },
  {
    title: 'new tokens of every user of a service at once',
    sql: `update dev.user_integrations set access_token = 'same', token_expires_at = now() + interval '1 hour'
           where service_id = 'gmail'`,
    after: [
      `select bool_and(access_token = 'same' and token_expires_at > now()) as all from dev.user_integrations
        where service_id = 'gmail'`,
      [{ all: true }],
    ],
  },
  {
    title: 'tokens gone: the integration has no grant any more',
    sql: `update dev.user_integrations set access_token = null, refresh_token = null, client_secret = null where ${gmail}`,
    rows: 1,
    after: [`select dev.get_gmail_token('user_123')->>'token' as token`, [{ token: null }]],
  },
  {
    title: 'update … from … returning',
    sql: `update dev.user_integrations ui set display_label = s.name from dev.services s
           where s.id = ui.service_id and ui.user_id = 'user_123' and s.type = 'email'
          returning ui.display_label`,
    match: [{ display_label: 'Gmail' }],
  },
  {
    title: 'insert … returning',
    sql: `insert into dev.user_integrations (user_id, service_id, external_user_id) values ($1, 'whatsapp', '49')
          returning id, is_active, metadata`,
    params: [USER],
    match: [{ id: expect.any(String), is_active: true, metadata: {} }],
  },
  {
    title: 'insert … on conflict do nothing',
    sql: `insert into dev.user_integrations (user_id, service_id, external_user_id)
          values ('user_123', 'telegram', 'telegram_123') on conflict do nothing`,
    rows: 0,
  },
  {
    title: 'insert … on conflict … excluded … returning',
    sql: `insert into dev.user_integrations (user_id, service_id, external_user_id, display_label)
          values ('user_123', 'telegram', 'telegram_123', 'Again')
          on conflict (user_id, service_id, external_user_id)
          do update set display_label = excluded.display_label, is_active = excluded.is_active returning display_label`,
    match: [{ display_label: 'Again' }],
  },
  {
    title: 'insert … select of many, without an account id',
    sql: `insert into dev.user_integrations (user_id, service_id) select id, 'whatsapp' from dev.users
          on conflict (user_id, service_id, external_user_id) do update set updated_at = now()`,
    after: [
      `select count(*) filter (where service_id = 'whatsapp') = (select count(*) from dev.users) as all
         from dev.user_integrations`,
      [{ all: true }],
    ],
  },
  {
    title: 'insert of an unknown user',
    sql: `insert into dev.user_integrations (user_id, service_id) values ('nobody', 'gmail')`,
    refused: '23503',
  },
  {
    title: 'insert of an unknown service',
    sql: `insert into dev.user_integrations (user_id, service_id) values ('user_123', 'myspace')`,
    refused: '23503',
  },
  {
    title: 'insert of the same account twice',
    sql: `insert into dev.user_integrations (user_id, service_id, external_user_id)
          values ('user_123', 'telegram', 'telegram_123')`,
    refused: '23505',
  },
  { title: 'delete by id', sql: `delete from dev.user_integrations where ${gmail} returning service_id`, rows: 1 },
  {
    title: 'count per service',
    sql: `select service_id, count(*)::int as n from dev.user_integrations where is_active group by service_id
          having count(*) > 1 order by n desc, 1 limit 2 offset 0`,
    columns: ['service_id', 'n'],
    rows: 2,
  },
  {
    title: 'users without a service',
    sql: `select u.id from dev.users u where not exists (select 1 from dev.user_integrations ui
           where ui.user_id = u.id and ui.service_id = 'telegram') and u.id = 'user_123'`,
    rows: 0,
  },
  {
    title: 'a left join over all three, with a window',
    sql: `select u.id, s.type, row_number() over (partition by u.id order by ui.created_at desc) as n
            from dev.users u left join dev.user_integrations ui on ui.user_id = u.id
            left join dev.services s on s.id = ui.service_id where u.email ilike 'JOHN@%'`,
    rows: 4,
  },
  {
    title: 'tokens that run out soon',
    sql: `select user_id, service_id from dev.user_integrations where user_id = 'user_123'
           and token_expires_at between now() and now() + interval '2 hours' and not refresh_expired`,
    rows: 2,
  },
  {
    title: 'names in quotes, as an object mapper writes them',
    sql: `SELECT "users"."id", "users"."email", "user_integrations"."service_id" AS "user_integrations_service_id"
            FROM "dev"."users" LEFT OUTER JOIN "dev"."user_integrations" ON "user_integrations"."user_id" = "users"."id"
           WHERE "users"."id" = $1 ORDER BY "user_integrations"."service_id" ASC LIMIT $2`,
    params: [USER, 1],
    match: [{ id: USER, email: 'john@example.com', user_integrations_service_id: 'gmail' }],
  },
  {
    title: 'every column of user_integrations, in the order of the document',
    sql: `select * from dev.user_integrations where ${telegram}`,
    columns: [
      'id',
      'user_id',
      'service_id',
      'is_active',
      'display_label',
      'access_token',
      'refresh_token',
      'token_expires_at',
      'refresh_expired',
      'client_id',
      'client_secret',
      'auth_code',
      'granted_scopes',
      'external_user_id',
      'external_username',
      'credentials',
      'metadata',
      'created_at',
      'updated_at',
    ],
  },
  {
    title: 'every column of users',
    sql: 'select * from dev.users where id = $1',
    params: [USER],
    columns: ['id', 'created_at', 'email', 'display_name', 'position', 'role', 'phone_number', 'time_zone'],
  },
  {
    title: 'every column of services, and the five of the document',
    sql: `select * from dev.services where id in ('gmail', 'google_calendar', 'telegram', 'signal', 'whatsapp')`,
    columns: ['id', 'name', 'type', 'provider', 'is_active', 'metadata'],
    rows: 5,
  },
  {
    title: 'a new user, and a profile changed',
    sql: `insert into dev.users (id, email, display_name, time_zone) values ('user_new', 'new@example.com', 'New', 'UTC')`,
    rows: 1,
    after: [
      `update dev.users set display_name = 'Newer' where id = 'user_new' returning display_name`,
      [{ display_name: 'Newer' }],
    ],
  },
  {
    title: 'a message of a new user’s table, whose foreign key follows',
    sql: `insert into dev.digests (user_id, body) values ('user_123', 'x')`,
    rows: 1,
  },
  {
    title: 'named arguments',
    sql: `select dev.link_service_to_user(user_id => 'user_123', service_id => 'signal', external_user_id => 'x',
            metadata => '{"primary": true}')`,
    after: [
      `select dev.unlink_service_from_user('user_123', 'signal', external_user_id => 'x') as done`,
      [{ done: true }],
    ],
  },
  {
    title: 'a function for each row',
    sql: `select u.id, dev.get_telegram_id(u.id), (select count(*) from dev.get_user_integrations(u.id)) as n
            from dev.users u where dev.has_valid_token(u.id, 'gmail') and u.id = 'user_123'`,
    match: [{ get_telegram_id: 'telegram_123' }],
  },
];
