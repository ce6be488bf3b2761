/** Requirement 1's functions under the legacy schema's name: each calls the one in `public`. */
import { identifier } from '../migrate/quote.ts';
import type { LegacySession } from './session.ts';

const SERVICES = ['gmail', 'google_calendar', 'calendar', 'telegram', 'signal', 'whatsapp'];

/** The functions of requirement 1. */
export const WRAPPED: readonly string[] = [
  'get_user_integrations',
  'get_telegram_id',
  'user_has_service',
  'get_user_with_integrations',
  'get_valid_token',
  'get_gmail_token',
  'get_calendar_token',
  'get_telegram_token',
  'get_signal_token',
  'has_valid_token',
  'link_service_to_user',
  'unlink_service_from_user',
  ...SERVICES.flatMap((service) => [`link_${service}_to_user`, `unlink_${service}_from_user`]),
  'bulk_link_services_to_user',
  'bulk_unlink_services_from_user',
  'get_user_integration_stats',
  'find_incomplete_integrations',
  'cleanup_orphaned_integrations',
];

// `$n` for the arguments: a name could be a column's too. SQL functions of one call are inlined into the query.
const FUNCTIONS = `select p.proname::text as name, pg_get_function_arguments(p.oid) as arguments,
    pg_get_function_identity_arguments(p.oid) as signature, pg_get_function_result(p.oid) as result, p.proretset as is_set,
    case p.provolatile when 'v' then 'volatile' when 's' then 'stable' else 'immutable' end as volatility,
    (select coalesce(string_agg('$' || i, ', ' order by i), '') from generate_series(1, p.pronargs) i) as parameters,
    (select coalesce(string_agg(format_type(a.type, null), ', ' order by a.position), '')
       from unnest(p.proargtypes) with ordinality a (type, position)) as types
  from pg_proc p where p.pronamespace = 'public'::regnamespace and p.proname = any ($1::text[]) order by 1, 3`;

/**
 * Makes a function in the schema for each of requirement 1: same name, arguments, defaults and result.
 * @returns `name(argument types)` of each
 */
export async function createWrappers(session: LegacySession, schema: string): Promise<string[]> {
  const made: string[] = [];
  for (const row of await session.query(FUNCTIONS, [WRAPPED])) {
    const [name, types] = [String(row['name']), String(row['types'])];
    const call = `public.${identifier(name)}(${String(row['parameters'])})`;
    const at = `${identifier(schema)}.${identifier(name)}`;
    await session.query(
      `create function ${at}(${String(row['arguments'])}) returns ${String(row['result'])}
       language sql ${String(row['volatility'])} as $gatehouse$ select ${row['is_set'] === true ? '* from ' : ''}${call} $gatehouse$`,
    );
    await session.query(`revoke all on function ${at}(${types}) from public`);
    await session.query(`grant execute on function ${at}(${types}) to gatehouse_sql`);
    made.push(`${name}(${types})`);
  }
  return made;
}
