/** Looks at a legacy schema and says all that stands in the way. Changes nothing. */
import { checkRows } from './check-rows.ts';
import { checkAsideRows, checkColumns, checkEarlier, checkRights, hasTextId } from './check-schema.ts';
import { findDependents } from './dependents.ts';
import { type ForeignKey, type ForeignKeyPlan, planForeignKey, readForeignKeys } from './foreign-keys.ts';
import { type Finding, refusal, warning } from './report.ts';
import type { LegacySession } from './session.ts';
import { type InTheWay, type LegacySource, readSchema, type SchemaState } from './source.ts';
import { WRAPPED } from './wrappers.ts';

export interface InspectOptions {
  readonly resume: boolean;
  readonly dependents: 'refuse' | 'keep';
  /** Only what there is, without judging it: quick, to know what to lock. */
  readonly shallow?: boolean;
}

/** A schema, and what would be done. */
export interface Inspection {
  readonly state: SchemaState;
  /** Null when there is no table to move. */
  readonly source: LegacySource | null;
  readonly foreignKeys: readonly ForeignKeyPlan[];
  /** Things of an earlier attempt that are to be renamed out of the way. */
  readonly asides: readonly InTheWay[];
  readonly findings: readonly Finding[];
}

/** An inspection that found a table. */
export type Movable = Inspection & { readonly source: LegacySource };

/** Inspects a schema: all findings at once. @throws LegacyError `legacy.no_schema` */
export async function inspect(session: LegacySession, schema: string, options: InspectOptions): Promise<Inspection> {
  if (/^(public|gatehouse|information_schema|pg_.*)$/.test(schema)) {
    const message = `The schema "${schema}" is not a legacy one. Move its tables into a schema of their own first.`;
    return nothingIn({ schema, source: null, inTheWay: [] }, [refusal('schema.reserved', message, [schema])]);
  }
  const state = await readSchema(session, schema, { resume: options.resume, functions: WRAPPED });
  const { source, inTheWay } = state;
  if (source === null) {
    const message = `"${schema}" has no table users${options.resume ? ' or users_old' : ''}.`;
    return nothingIn(state, [...checkEarlier(state, options.resume), refusal('table.missing', message, [])]);
  }
  const tables = inTheWay.filter(({ kind }) => kind === 'table').map(({ oid }) => oid);
  const keys = await readForeignKeys(session, [source.oid, ...tables], [source.oid, ...tables]);
  const plans = keys.map((key) => ({ key, plan: planForeignKey(key, source.columns) }));
  return {
    state,
    source,
    asides: inTheWay,
    foreignKeys: plans.flatMap(({ plan }) => (plan ? [plan] : [])),
    findings: options.shallow
      ? []
      : [
          ...checkEarlier(state, options.resume),
          ...(await checkRights(session, state)),
          ...checkColumns(source),
          ...checkKeys(plans),
          ...(source.isOurs ? await checkContents(session, state, source) : []),
          ...(await findDependents(session, source, options.dependents)),
        ],
  };
}

async function checkContents(session: LegacySession, state: SchemaState, source: LegacySource): Promise<Finding[]> {
  const rows = hasTextId(source) ? await checkRows(session, source) : [];
  return [...(await checkAsideRows(session, state)), ...rows];
}

function nothingIn(state: SchemaState, findings: readonly Finding[]): Inspection {
  return { state, source: null, foreignKeys: [], asides: [], findings };
}

function checkKeys(plans: readonly { key: ForeignKey; plan: ForeignKeyPlan | null }[]): Finding[] {
  const named = ({ schema, table, name }: ForeignKey) => `${schema}.${table}.${name}`;
  const stuck = plans.filter(({ plan }) => plan === null).map(({ key }) => named(key));
  const narrowed = plans.filter(({ plan }) => plan?.narrowed).map(({ key }) => named(key));
  const foreign = plans.filter(({ key }) => !key.isOurs).map(({ key }) => named(key));
  return [
    ...(stuck.length > 0
      ? [refusal('foreign_key.stuck', 'These refer to columns that move, and not to the id: drop them first.', stuck)]
      : []),
    ...(foreign.length > 0
      ? [
          refusal(
            'foreign_key.not_owned',
            'The tables of these belong to another role: connect as one that may alter them.',
            foreign,
          ),
        ]
      : []),
    ...(narrowed.length > 0
      ? [
          warning(
            'foreign_key.narrowed',
            'Some columns that these refer to move: they refer to the id alone.',
            narrowed,
          ),
        ]
      : []),
  ];
}
