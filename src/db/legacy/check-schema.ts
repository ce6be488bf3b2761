/** Looks for what stands in the way besides the rows: earlier attempts, rights, columns. */
import { type ColumnUse, isText } from './columns.ts';
import { type Finding, refusal, warning } from './report.ts';
import { type LegacySession, qualified } from './session.ts';
import { KEPT, type LegacySource, type SchemaState } from './source.ts';

/** An attempt that was broken off, or somebody's own tables under our names. */
export function checkEarlier({ source, inTheWay }: SchemaState, resume: boolean): Finding[] {
  const names = inTheWay.map((item) => (item.kind === 'table' ? item.name : `${item.name}(${item.arguments ?? ''})`));
  if (names.length === 0) return [];
  if (resume && source) return [warning('earlier.aside', 'Of an earlier attempt; renamed out of the way.', names)];
  const advice = names.includes(KEPT)
    ? 'An earlier attempt was broken off. Undo it, or go on with --resume: users_old is then the table that is moved.'
    : 'These have names that the normalised schema needs. Rename or drop them, or go on with --resume, which renames them.';
  return [refusal('earlier.found', advice, names)];
}

/** What the role may not do. Nothing else is looked at then: it could not be read. */
export async function checkRights(session: LegacySession, { schema, source }: SchemaState): Promise<Finding[]> {
  const [row] = await session.query(
    `select has_schema_privilege($1, 'CREATE') as may_create, (select count(*)::text from public.services
       where id = any (array['gmail', 'google_calendar', 'telegram', 'signal'])) as services`,
    [schema],
  );
  return [
    ...(source?.isOurs
      ? []
      : [refusal('table.not_owned', 'The table belongs to another role: connect as one that may alter it.', [schema])]),
    ...(row?.['may_create'] === true
      ? []
      : [refusal('schema.not_writable', 'Views cannot be made there: the role lacks CREATE on the schema.', [schema])]),
    ...(row?.['services'] === '4'
      ? []
      : [refusal('services.missing', 'public.services lacks gmail, google_calendar, telegram or signal.', [])]),
  ];
}

/** Columns that we have no place for, and an id that we cannot keep. */
export function checkColumns(source: LegacySource): Finding[] {
  const named = (use: ColumnUse) => source.columns.filter((column) => column.use === use).map(({ name }) => name);
  const [kept, sealed] = [named('metadata'), named('sealed_metadata')];
  return [
    ...(hasTextId(source) ? [] : [idRefusal(source)]),
    ...(kept.length > 0
      ? [warning('columns.kept', 'These have no place of their own: they go to users.metadata.', kept)]
      : []),
    ...(sealed.length > 0
      ? [
          warning(
            'columns.sealed',
            'These go to users.metadata too, sealed: their names say that they are secret.',
            sealed,
          ),
        ]
      : []),
  ];
}

/** Whether the table has an id that we can keep. */
export function hasTextId({ columns }: LegacySource): boolean {
  return columns.some(({ name, type }) => name === 'id' && isText(type));
}

function idRefusal({ columns }: LegacySource): Finding {
  const id = columns.find(({ name }) => name === 'id');
  const message = id
    ? `The id is of type ${id.type}. Gatehouse keeps ids as text: alter it and the columns that refer to it to text first.`
    : 'The table has no column id.';
  return refusal(id ? 'id.type' : 'id.no_column', message, [id?.type ?? '']);
}

/** Rows that only the half-made table has would be lost to everybody. */
export async function checkAsideRows(
  session: LegacySession,
  { source, schema, inTheWay }: SchemaState,
): Promise<Finding[]> {
  if (
    source === null ||
    source.name !== KEPT ||
    !inTheWay.some(({ kind, name }) => kind === 'table' && name === 'users')
  )
    return [];
  const rows = await session.query(
    `select to_jsonb(n) ->> 'id' as id from ${qualified({ schema, name: 'users' })} n
      where not exists (select from ${qualified({ schema, name: KEPT })} o where to_jsonb(o) ->> 'id' = to_jsonb(n) ->> 'id')`,
  );
  const ids = rows.map(({ id }) => String(id));
  return ids.length === 0
    ? []
    : [refusal('earlier.rows', 'users has rows that users_old lacks. Bring them there first.', ids)];
}
