/** The legacy schema after normalisation: views that read and write our tables, under requirement 1's column names. */
import { identifier } from '../migrate/quote.ts';
import { type LegacySession, qualified } from './session.ts';
import { KEPT, type LegacySource } from './source.ts';

const PROFILE_COLUMNS = 'id, created_at, email, display_name, position, role, phone_number, time_zone';

/** A column of the grant, by subquery: with one base table alone a view takes INSERT … ON CONFLICT by itself. */
const ofGrant = (value: string): string =>
  `(select ${value} from public.oauth_connections c where c.user_id = ui.user_id and c.id = ui.connection_id)`;

const INTEGRATIONS = `select ui.id, ui.user_id, ui.service_id, ui.is_active, ui.display_label,
  ${ofGrant(`nullif(c.access_token, '')`)} as access_token,
  ${ofGrant('c.refresh_token')} as refresh_token,
  ${ofGrant('nullif(c.expires_at, to_timestamp(0))')} as token_expires_at,
  coalesce(${ofGrant(`c.status in ('expired', 'revoked')`)}, false) as refresh_expired,
  ${ofGrant('c.client_id::text')} as client_id,
  ${ofGrant('c.client_secret')} as client_secret,
  ui.auth_code,
  ${ofGrant(`case when c.scopes <> '' then to_jsonb(string_to_array(c.scopes, ' ')) end`)} as granted_scopes,
  ui.external_user_id, ui.external_username, ui.credentials, ui.metadata, ui.created_at, ui.updated_at
  from public.user_integrations ui`;

const DEFAULTS = `select a.attname::text as name, pg_get_expr(d.adbin, d.adrelid) as value
  from pg_attribute a join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
 where a.attrelid = $1::oid and a.attgenerated = ''
   and a.attname = any (array['id', 'email', 'display_name', 'position', 'role', 'phone_number', 'time_zone'])`;

/**
 * What requirement 1's verification asks of `users_old`, for gatehouse_sql: of the credentials the columns that it names, no
 * refresh token and no secret.
 * @returns the columns; none where it may read the whole table already
 */
export async function grantVerification(session: LegacySession, source: LegacySource): Promise<string[]> {
  const wanted = ['id', 'email', 'access_token', 'telegram_id', 'signal_source_uuid'];
  const columns = wanted.filter((name) => source.columns.some((column) => column.name === name));
  const [may] = await session.query(`select has_table_privilege('gatehouse_sql', $1::oid, 'SELECT') as already`, [
    source.oid,
  ]);
  if (may?.['already'] === true || columns.length === 0) return [];
  const list = columns.map(identifier).join(', ');
  await session.query(`grant select (${list}) on ${qualified({ ...source, name: KEPT })} to gatehouse_sql`);
  return columns;
}

/**
 * Makes the views, for the role gatehouse_sql. Whoever asks needs that role's rights on our tables: the views lend none.
 * @returns whether USAGE on the schema had to be granted
 */
export async function createViews(session: LegacySession, source: LegacySource): Promise<boolean> {
  const schema = identifier(source.schema);
  const [users, services, integrations] = ['users', 'services', 'user_integrations'].map((name) =>
    qualified({ schema: source.schema, name }),
  );
  const [usage] = await session.query(`select has_schema_privilege('gatehouse_sql', $1, 'USAGE') as is_there`, [
    source.schema,
  ]);
  const create = (name: string | undefined, query: string) =>
    session.query(`create view ${name} with (security_invoker = true) as ${query}`);
  await create(users, `select ${PROFILE_COLUMNS} from public.users`);
  await create(services, 'select id, name, type, provider, is_active, metadata from public.services');
  await create(integrations, INTEGRATIONS);
  for (const [event, name] of [
    ['update', 'update_integration_view'],
    ['delete', 'delete_integration_view'],
  ]) {
    await session.query(
      `create trigger gatehouse_${event} instead of ${event} on ${integrations} for each row execute function gatehouse.${name}()`,
    );
  }
  // What the old table filled in by itself, an INSERT through the view leaves out too.
  for (const { name, value } of await session.query(DEFAULTS, [source.oid])) {
    await session.query(`alter view ${users} alter column ${identifier(String(name))} set default ${String(value)}`);
  }
  for (const grant of [
    `usage on schema ${schema}`,
    `select, insert, update on ${users}`,
    `select on ${services}`,
    `select, insert, update, delete on ${integrations}`,
  ])
    await session.query(`grant ${grant} to gatehouse_sql`);
  return usage?.['is_there'] !== true;
}
