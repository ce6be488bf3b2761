import { snakeCase } from '../../lib/case.ts';
import type { Meta } from '../../trpc.ts';
import { mergeNames, type Names, namesOf, sideOfPipe, UnsupportedSchemaError } from './names.ts';
import type { ProcedureInfo, Schema } from './procedures.ts';

export type Method = NonNullable<Meta['openapi']>['method'];

/** How a text of the query becomes a value of the field. */
export interface QueryField {
  /** The field's name in the schema. */
  readonly name: string;
  readonly isList: boolean;
  readonly kind: 'text' | 'number' | 'boolean';
}

/** Where a procedure stands in REST. Cheap to make: it reads no schema. */
export interface Route {
  readonly procedure: ProcedureInfo;
  readonly method: Method;
  /** As callers write it, in braces: `/auth/sessions/{session_id}`. */
  readonly path: string;
  /** The fields that stand in the path, as the schema names them. */
  readonly pathFields: readonly string[];
  /** Whether the other fields come as a query and not as a body. */
  readonly usesQuery: boolean;
}

/** What reading and answering a call needs of the procedure's schemas. */
export interface Mapping {
  readonly input: Names | null;
  /** Back to the caller's names, for the paths of errors. */
  readonly issues: Names | null;
  readonly output: Names | null;
  /** By the name in the query; empty where there is a body. */
  readonly query: ReadonlyMap<string, QueryField>;
}

/** The routes of those procedures that have one, literal segments before parameters, so that none hides another. */
export function routesOf(procedures: readonly ProcedureInfo[]): Route[] {
  const routes = procedures.flatMap((procedure) => {
    const place = procedure.meta.openapi;
    return place ? [routeOf(procedure, place.method, place.path)] : [];
  });
  return routes.toSorted((a, b) => (rank(a.path) < rank(b.path) ? -1 : 1));
}

function routeOf(procedure: ProcedureInfo, method: Method, template: string): Route {
  const pathFields = [...template.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? '');
  const usesQuery = method === 'GET' || method === 'DELETE';
  return { procedure, method, path: snakeCase(template), pathFields, usesQuery };
}

/** Parameters as `~`, which stands behind every letter: a literal segment comes first. */
function rank(path: string): string {
  return path.replace(/\{\w+\}/g, '~');
}

/**
 * Walks the schemas of a route's procedure.
 * @throws Error naming the procedure and what REST cannot say
 */
export function mappingOf({ procedure, usesQuery, pathFields }: Route): Mapping {
  const { inputs, output } = procedure;
  const merge = (to: 'camel' | 'snake') => mergeNames(inputs.map((schema) => namesOf(schema, { io: 'input', to })));
  try {
    const names = { input: merge('camel'), issues: merge('snake') };
    const query = new Map<string, QueryField>();
    for (const [name, schema] of usesQuery ? inputFields(inputs) : []) {
      if (!pathFields.includes(name)) query.set(snakeCase(name), { name, ...queryField(schema) });
    }
    return { ...names, output: output && namesOf(output, { io: 'output', to: 'snake' }), query };
  } catch (error) {
    if (error instanceof UnsupportedSchemaError)
      throw new Error(`${procedure.name}: ${error.message}.`, { cause: error });
    throw error;
  }
}

/** The fields of a procedure's inputs together. */
export function inputFields(inputs: readonly Schema[]): Map<string, Schema> {
  return new Map(inputs.flatMap((schema) => Object.entries(objectShape(schema))));
}

function objectShape(schema: Schema): Record<string, Schema> {
  const inner = unwrap(schema)._zod.def;
  if (inner.type !== 'object') throw new UnsupportedSchemaError(inner.type);
  return inner.shape as Record<string, Schema>;
}

function queryField(schema: Schema): Pick<QueryField, 'isList' | 'kind'> {
  const inner = unwrap(schema);
  const { def } = inner._zod;
  if (def.type !== 'array') return { isList: false, kind: kindOf(inner) };
  return { isList: true, kind: kindOf(unwrap(def.element as Schema)) };
}

function kindOf(schema: Schema): QueryField['kind'] {
  const { def } = schema._zod;
  if (def.type === 'object' || def.type === 'record' || def.type === 'array')
    throw new UnsupportedSchemaError(def.type);
  if (def.type === 'number' || def.type === 'boolean') return def.type;
  const isNumeric = def.type === 'literal' && def.values.every((value) => typeof value === 'number');
  return isNumeric ? 'number' : 'text';
}

/** The schema inside what only says whether it may be left out. */
function unwrap(schema: Schema): Schema {
  const { def } = schema._zod;
  if (def.type === 'pipe') return unwrap(sideOfPipe(def as unknown as { in: Schema; out: Schema }, 'input'));
  return 'innerType' in def ? unwrap(def.innerType as Schema) : schema;
}
