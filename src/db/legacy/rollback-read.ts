/** What is known of some users on both sides: their row in the legacy table, and all that ours say of them now. */
import { identifier, literal } from '../migrate/quote.ts';
import { type LegacyColumn, PROFILE, type Slot, SLOTS } from './columns.ts';
import type { LegacyDate } from './dates.ts';
import { type PlannedUser, planUser } from './plan-user.ts';
import type { Clocks } from './rollback-dates.ts';
import type { LegacyTable } from './rollback-table.ts';
import type { LegacySession } from './session.ts';

/** Values by column name, each as PostgreSQL writes it. */
export type Texts = Readonly<Record<string, string | null>>;

/** An integration with its grant, as stored; a grant's columns are null where there is none. */
export interface StoredLink {
  readonly id: string;
  readonly userId: string;
  readonly slot: Slot;
  readonly isActive: boolean;
  readonly externalUserId: string | null;
  readonly authCode: string | null;
  /** The text of a JSON string, else JSON. */
  readonly credentials: string | null;
  readonly connectorId: string | null;
  readonly accountId: string | null;
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  readonly scopes: string | null;
  readonly isRefreshExpired: boolean;
  readonly ends: Clocks | null;
  /** Whether it says what no legacy column can: a label, a name, a flag, parameters of the grant. */
  readonly saysMore: boolean;
}

/** A user on both sides. */
export interface TwoSides {
  readonly id: string;
  /** Its row in the legacy table, by column; null when there is none yet. */
  readonly old: Texts | null;
  /** What that row became at the run. */
  readonly moved: PlannedUser;
  /** The moments of `moved`, as UTC shows them: of `createdAt`, and by slot of the grant's end. */
  readonly movedMoments: Texts;
  /** Its row among ours, by the names of our columns, without `created_at`. */
  readonly now: Texts;
  readonly createdAt: Clocks;
  /** Whether `createdAt` is the moment of the run, which filled an empty one. */
  readonly isCreatedByRun: boolean;
  /** In the order in which one is meant by default: active ones first. */
  readonly links: readonly StoredLink[];
}

const CLOCK = 'YYYY-MM-DD HH24:MI:SS.US';
const clocks = (column: string, timeZone: string): string =>
  `to_char(${column} at time zone 'UTC', '${CLOCK}') as utc, to_char(${column} at time zone ${literal(timeZone)}, '${CLOCK}') as local`;

/** Reads a batch of users. Those who are not among ours any more are left out. */
export async function readUsers(
  session: LegacySession,
  table: LegacyTable,
  ids: readonly string[],
): Promise<TwoSides[]> {
  const rows = await session.query(usersSelect(table), [ids]);
  const links = Map.groupBy(await readLinks(session, table, ids), ({ userId }) => userId);
  const { columns } = table.run.catalogue;
  const sides = rows.map((row) => {
    const id = String(row['id']);
    const old = texts(row['old']);
    const values = columns.map(({ name }) => old?.[name] ?? null);
    return {
      id,
      old,
      moved: planUser(columns, { values, metadata: '{}' }, () => {}),
      now: texts(row['now']) ?? {},
      createdAt: { utc: String(row['utc']), local: String(row['local']) },
      isCreatedByRun: row['is_created_by_run'] === true,
      links: links.get(id) ?? [],
    };
  });
  const moments = await readMoments(session, table, sides);
  return sides.map((side) => ({ ...side, movedMoments: moments.get(side.id) ?? {} }));
}

function usersSelect({ run, old, since, timeZone }: LegacyTable): string {
  const object = (names: readonly string[], values: readonly string[]) =>
    `json_object(array[${names.map(literal).join(', ')}], array[${values.join(', ')}])::text`;
  // What goes to the metadata stays as it is in the legacy table: nothing of ours writes it.
  const known = run.catalogue.columns.filter(({ use }) => use !== 'metadata' && use !== 'sealed_metadata');
  const ours = Object.keys(PROFILE).filter((name) => name !== 'created_at');
  return `select u.id, ${clocks('u.created_at', timeZone)}, u.created_at = ${since} as is_created_by_run,
      case when o.id is not null then ${object(
        known.map(({ name }) => name),
        known.map(valueOf),
      )} end as old,
      ${object(
        ours,
        ours.map((name) => `u.${identifier(name)}::text`),
      )} as now
    from public.users u left join ${old} o on o.id::text = u.id where u.id = any ($1)`;
}

/** As the run read it. */
function valueOf({ name, type }: LegacyColumn): string {
  const column = `o.${identifier(name)}`;
  return type.endsWith('[]') ? `array_to_json(${column})::text` : `${column}::text`;
}

async function readLinks(session: LegacySession, table: LegacyTable, ids: readonly string[]): Promise<StoredLink[]> {
  const rows = await session.query(
    `select ui.id::text, ui.user_id, ui.service_id, ui.is_active, ui.external_user_id, ui.auth_code,
        case when jsonb_typeof(ui.credentials) = 'string' then ui.credentials #>> '{}' else ui.credentials::text end as credentials,
        c.connector_id, c.account_id, c.access_token, c.refresh_token, c.client_id, c.client_secret, c.scopes,
        coalesce(c.status in ('expired', 'revoked'), false) as is_refresh_expired,
        ui.display_label is not null or ui.external_username is not null or ui.metadata <> '{}'
          or coalesce(c.parameters <> '{}' or c.connector_metadata <> '{}', false) as says_more,
        ${clocks('c.expires_at', table.timeZone)}
       from public.user_integrations ui
       left join public.oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
      where ui.user_id = any ($1) and ui.service_id = any ($2)
      order by ui.is_active desc, (ui.metadata->'primary' = 'true') desc nulls last, ui.created_at, ui.id`,
    [ids, SLOTS],
  );
  const text = (value: unknown) => (typeof value === 'string' ? value : null);
  return rows.map((row) => ({
    id: String(row['id']),
    userId: String(row['user_id']),
    slot: SLOTS.find((slot) => slot === row['service_id']) ?? 'gmail',
    isActive: row['is_active'] === true,
    externalUserId: text(row['external_user_id']),
    authCode: text(row['auth_code']),
    credentials: text(row['credentials']),
    connectorId: text(row['connector_id']),
    accountId: text(row['account_id']),
    accessToken: text(row['access_token']) || null,
    refreshToken: text(row['refresh_token']),
    clientId: text(row['client_id']),
    clientSecret: text(row['client_secret']),
    scopes: text(row['scopes']),
    isRefreshExpired: row['is_refresh_expired'] === true,
    saysMore: row['says_more'] === true,
    ends: typeof row['utc'] === 'string' ? { utc: row['utc'], local: String(row['local']) } : null,
  }));
}

/** What the run read as dates, as moments. */
async function readMoments(
  session: LegacySession,
  { timeZone }: LegacyTable,
  sides: readonly { readonly id: string; readonly moved: PlannedUser }[],
): Promise<Map<string, Record<string, string>>> {
  const dates = sides.flatMap(({ id, moved }) => {
    const of = (name: string, date: LegacyDate | null | undefined) => (date ? [{ id, name, ...date }] : []);
    return [
      ...of('createdAt', moved.createdAt),
      ...moved.integrations.flatMap(({ slot, grant }) => of(slot, grant?.expiresAt)),
    ];
  });
  const rows = await session.query(
    `select d.id, d.name, to_char(coalesce(d.zoned::timestamptz, d.local::timestamp at time zone $2) at time zone 'UTC', '${CLOCK}') as utc
       from json_to_recordset($1::text::json) d (id text, name text, zoned text, local text)`,
    [JSON.stringify(dates), timeZone],
  );
  const moments = new Map<string, Record<string, string>>();
  for (const row of rows) {
    const id = String(row['id']);
    moments.set(id, { ...moments.get(id), [String(row['name'])]: String(row['utc']) });
  }
  return moments;
}

function texts(json: unknown): Texts | null {
  return typeof json === 'string' ? (JSON.parse(json) as Texts) : null;
}
