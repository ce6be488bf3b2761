/** Looks for rows that could not be moved. */
import { identifier, literal } from '../migrate/quote.ts';
import { CLIENT_ID_WIDTH, type LegacyColumn, PROFILE } from './columns.ts';
import { type Finding, refusal } from './report.ts';
import { type LegacySession, qualified } from './session.ts';
import type { LegacySource } from './source.ts';

/** `user_integrations_external_user_id_length` */
const EXTERNAL_ID_WIDTH = 255;

interface RowCheck {
  readonly code: string;
  readonly message: string;
  /** Answers the id of each row in question. */
  readonly query: string;
}

/** All rows that stand in the way, counted, each reason with a few ids. */
export async function checkRows(session: LegacySession, source: LegacySource): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const { code, message, query } of [...idChecks(source), ...emailChecks(source), ...widthChecks(source)]) {
    // One pass: the count, and the first few.
    const [row] = await session.query(
      `select count(*)::text as count, (array_agg(f.id) filter (where f.position <= 5))::text[] as ids
         from (select q.id, row_number() over () as position from (${query}) q (id)) f`,
    );
    const count = Number(row?.['count'] ?? 0);
    const ids = Array.isArray(row?.['ids']) ? row['ids'].map((id) => (id === null ? 'null' : String(id))) : [];
    if (count > 0) findings.push(refusal(code, message, { examples: ids, count }));
  }
  return findings;
}

function idChecks(source: LegacySource): RowCheck[] {
  const table = qualified(source);
  return [
    {
      code: 'id.missing',
      message: 'These users have no id. Give them one, or delete them.',
      query: `select t.id::text from ${table} t where coalesce(t.id::text, '') = ''`,
    },
    {
      code: 'id.duplicate',
      message: 'More than one user has this id.',
      query: `select t.id::text from ${table} t where t.id::text <> '' group by t.id::text having count(*) > 1`,
    },
    {
      code: 'id.reserved',
      message: 'This id means the caller in the API.',
      query: `select t.id::text from ${table} t where t.id::text = 'me'`,
    },
    {
      code: 'id.taken',
      message: 'Another user of Gatehouse has this id already.',
      // Not whom a rollback of this schema left among ours: they are taken over.
      query: `select t.id::text from ${table} t join public.users u on u.id = t.id::text
        where not exists (select from public.legacy_links l join public.legacy_runs r on r.id = l.run_id
          where l.user_id = u.id and l.slot = 'stayed' and r.state = 'rolled_back' and r.schema_name = ${literal(source.schema)})`,
    },
  ];
}

function emailChecks(source: LegacySource): RowCheck[] {
  if (!source.columns.some(({ name }) => name === 'email')) return [];
  const table = qualified(source);
  return [
    {
      code: 'email.duplicate',
      message: 'Other users have the same address but for capitals. Decide which one keeps it.',
      query: `select d.id from (select t.id::text, count(*) over (partition by lower(t.email::text)) as same
        from ${table} t where t.email::text <> '' order by lower(t.email::text), t.id) d where d.same > 1`,
    },
    {
      code: 'email.taken',
      message: 'Another user of Gatehouse has this address already.',
      query: `select t.id::text from ${table} t join public.users u on lower(u.email) = lower(t.email::text)
        where t.email::text <> '' and u.id <> t.id::text`,
    },
  ];
}

function widthChecks(source: LegacySource): RowCheck[] {
  return source.columns.flatMap((column) => {
    const width = widthOf(column);
    if (width === null) return [];
    const name = `t.${identifier(column.name)}`;
    return [
      {
        code: `${column.name}.too_long`,
        message: `${column.name} is longer than ${width} characters.`,
        query: `select t.id::text from ${qualified(source)} t where length(${name}::text) > ${width}`,
      },
    ];
  });
}

function widthOf({ name, use, field }: LegacyColumn): number | null {
  if (use === 'profile') return PROFILE[name] ?? null;
  if (field === 'telegram_id' || field === 'signal_source_uuid') return EXTERNAL_ID_WIDTH;
  return field === 'client_id' && (use === 'gmail' || use === 'google_calendar') ? CLIENT_ID_WIDTH : null;
}
