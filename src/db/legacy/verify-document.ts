/** Requirement 1's four verification queries, as written but for the schema's name. */
import { identifier } from '../migrate/quote.ts';

/** What they are about, in their order. */
export type DocumentQuery = 'counts' | 'missing' | 'foreignKeys' | 'sample';

const CREDENTIALS = [
  { column: 'access_token', service: 'gmail', name: 'Gmail' },
  { column: 'telegram_id', service: 'telegram', name: 'Telegram' },
  { column: 'signal_source_uuid', service: 'signal', name: 'Signal' },
];

/**
 * The queries for a schema.
 * @param columns of the legacy table: what the second one says of a column that there is none of is left out
 */
export function documentQueries(schema: string, columns: ReadonlySet<string>): Readonly<Record<DocumentQuery, string>> {
  const at = identifier(schema);
  const missing = CREDENTIALS.filter(({ column }) => columns.has(column)).map(
    ({
      column,
      service,
      name,
    }) => `SELECT u.id, ${columns.has('email') ? 'u.email' : 'null'} as email, 'Missing ${name}' as issue
      FROM ${at}.users_old u
      WHERE u.${column} IS NOT NULL
        AND u.id NOT IN (SELECT user_id FROM ${at}.user_integrations WHERE service_id = '${service}')`,
  );
  return {
    counts: `SELECT 'users' as table, count(*) FROM ${at}.users
      UNION ALL
      SELECT 'users_old', count(*) FROM ${at}.users_old
      UNION ALL
      SELECT 'user_integrations', count(*) FROM ${at}.user_integrations`,
    missing: missing.join('\n      UNION ALL\n      ') || 'SELECT null as id, null as email, null as issue WHERE false',
    foreignKeys: `SELECT
        tc.table_name,
        tc.constraint_name
      FROM information_schema.table_constraints tc
      WHERE tc.constraint_type = 'FOREIGN KEY'
        AND tc.table_schema = '${schema.replaceAll("'", "''")}'
        AND EXISTS (
          SELECT 1 FROM information_schema.constraint_column_usage ccu
          WHERE ccu.constraint_name = tc.constraint_name
            AND ccu.table_name = 'users'
        )`,
    sample: `SELECT
        u.email,
        s.name as service,
        ui.external_user_id,
        ui.is_active
      FROM ${at}.user_integrations ui
      JOIN ${at}.users u ON ui.user_id = u.id
      JOIN ${at}.services s ON ui.service_id = s.id
      LIMIT 10`,
  };
}
