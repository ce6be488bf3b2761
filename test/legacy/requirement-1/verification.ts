import type { Statement } from './statement.ts';

/** Requirement 1's queries after the move, as the document writes them. */
export const verification: readonly Statement[] = [
  {
    title: 'verification 1: row counts',
    sql: `SELECT 'users' as table, count(*) FROM dev.users
UNION ALL
SELECT 'users_old', count(*) FROM dev.users_old
UNION ALL
SELECT 'user_integrations', count(*) FROM dev.user_integrations;`,
    columns: ['table', 'count'],
    match: [{ table: 'users' }, { table: 'users_old' }, { table: 'user_integrations' }],
  },
  {
    title: 'verification 2: nothing was left behind',
    sql: `SELECT u.id, u.email, 'Missing Gmail' as issue
FROM dev.users_old u
WHERE u.access_token IS NOT NULL
  AND u.id NOT IN (SELECT user_id FROM dev.user_integrations WHERE service_id = 'gmail')
UNION ALL
SELECT u.id, u.email, 'Missing Telegram'
FROM dev.users_old u
WHERE u.telegram_id IS NOT NULL
  AND u.id NOT IN (SELECT user_id FROM dev.user_integrations WHERE service_id = 'telegram')
UNION ALL
SELECT u.id, u.email, 'Missing Signal'
FROM dev.users_old u
WHERE u.signal_source_uuid IS NOT NULL
  AND u.id NOT IN (SELECT user_id FROM dev.user_integrations WHERE service_id = 'signal');`,
    columns: ['id', 'email', 'issue'],
    rows: 0,
  },
  {
    title: 'verification 3: foreign keys',
    as: 'owner',
    sql: `SELECT 
  tc.table_name,
  tc.constraint_name
FROM information_schema.table_constraints tc
WHERE tc.constraint_type = 'FOREIGN KEY'
  AND tc.table_schema = 'dev'
  AND EXISTS (
    SELECT 1 FROM information_schema.constraint_column_usage ccu
    WHERE ccu.constraint_name = tc.constraint_name
      AND ccu.table_name = 'users'
  )
  -- so that they come in an order
  ORDER BY 1;`,
    columns: ['table_name', 'constraint_name'],
    match: ['contacts', 'digests', 'emails', 'preferences', 'tasks', 'user_logs'].map((name) => ({ table_name: name })),
  },
  {
    title: 'verification 4: sample',
    sql: `SELECT 
  u.email,
  s.name as service,
  ui.external_user_id,
  ui.is_active
FROM dev.user_integrations ui
JOIN dev.users u ON ui.user_id = u.id
JOIN dev.services s ON ui.service_id = s.id
LIMIT 10;`,
    columns: ['email', 'service', 'external_user_id', 'is_active'],
    rows: 10,
  },
];

/** What the document says breaks, and what is refused on purpose. */
export const refusals: readonly Statement[] = [
  { title: 'old: the token in users', sql: `SELECT access_token FROM users WHERE id = 'user_123';`, refused: '42703' },
  {
    title: 'old: the Telegram id in users',
    sql: `SELECT telegram_id FROM users WHERE id = 'user_123';`,
    refused: '42703',
  },
  {
    title: 'old: tokens into users',
    sql: 'UPDATE users SET access_token = $1, refresh_token = $2 WHERE id = $3',
    params: ['a', 'b', 'c'],
    refused: '42703',
  },
  {
    title: 'old: the workflow engine’s query',
    sql: `SELECT * 
FROM "dev"."users"
WHERE id = 'user_123'
  AND (refresh_expired_2 = FALSE OR refresh_expired_2 IS NULL)
LIMIT 1;`,
    refused: '42703',
  },
  {
    title: 'old: messages by users.telegram_id',
    sql: `SELECT tm.*
FROM telegram_messages tm
JOIN users u ON tm.sender_id = u.telegram_id
WHERE u.id = 'user_123';`,
    refused: '42703',
  },
  {
    title: 'old: messages received by users.telegram_id',
    sql: `SELECT tm.*
FROM telegram_messages tm
JOIN users u ON tm.recipient_id = u.telegram_id
WHERE u.id = 'user_123';`,
    refused: '42703',
  },
  {
    // What INSERT … ON CONFLICT through a view takes: its token columns are another table's. link_service_to_user does it.
    title: 'a token in an INSERT',
    sql: `INSERT INTO dev.user_integrations (user_id, service_id, access_token) VALUES ('user_123', 'gmail', 'x')`,
    refused: '0A000',
  },
  {
    // An address is changed by who proves it.
    title: 'another email',
    sql: `UPDATE dev.users SET email = 'x@example.com' WHERE id = 'user_123'`,
    refused: '42501',
  },
  { title: 'the end of a user', sql: `DELETE FROM dev.users WHERE id = 'user_123'`, refused: '42501' },
  // The way back is `npm run legacy -- rollback`, by the owner, with what came since.
  {
    title: 'the rollback by DROP TABLE, by the owner',
    as: 'owner',
    sql: 'DROP TABLE IF EXISTS dev.users CASCADE;',
    refused: '42809',
  },
  { title: 'the rollback by DROP TABLE', sql: 'DROP TABLE IF EXISTS dev.user_integrations CASCADE;', refused: '42809' },
  { title: 'dropping users_old', sql: 'DROP TABLE dev.users_old', refused: '42501' },
];
