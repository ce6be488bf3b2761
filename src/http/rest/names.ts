import { snakeCase } from '../../lib/case.ts';
import type { Schema } from './procedures.ts';

/**
 * How to rename the keys of a value: only what changes is listed, so that `null` stands for "leave it as it is".
 * Made from a schema once; free-form JSON has none.
 */
export interface Names {
  readonly fields: ReadonlyMap<string, { readonly name: string; readonly below: Names | null }>;
  /** For the items of an array. */
  readonly items: Names | null;
  /** For the values of a record, whose keys are data and stay. */
  readonly values: Names | null;
}

/** Which side of the schema the value stands on, and which way its keys turn. */
export interface Turn {
  readonly io: 'input' | 'output';
  readonly to: 'camel' | 'snake';
}

/** A schema holds what cannot be told in REST. A mistake of ours, found by the contract test. */
export class UnsupportedSchemaError extends Error {
  constructor(construct: string) {
    super(`z.${construct}() is not supported in REST`);
    this.name = 'UnsupportedSchemaError';
  }
}

/**
 * The names that values of a schema carry on the other side.
 * @throws UnsupportedSchemaError for schemas that JSON has no value for
 */
export function namesOf(schema: Schema, turn: Turn): Names | null {
  const { def } = schema._zod;
  switch (def.type) {
    case 'object':
      return namesOfObject(def.shape as Record<string, Schema>, turn);
    case 'array':
      return listOf(namesOf(def.element as Schema, turn));
    case 'tuple':
      return listOf(mergeNames(parts(def.rest ? [...def.items, def.rest] : def.items, turn)));
    case 'record':
      return recordOf(namesOf(def.valueType as Schema, turn));
    case 'union':
      return mergeNames(parts(def.options, turn));
    case 'intersection':
      return mergeNames(parts([def.left, def.right], turn));
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'nonoptional':
    case 'catch':
    case 'readonly':
      return namesOf(def.innerType as Schema, turn);
    case 'pipe':
      return namesOf(sideOfPipe(def as unknown as { in: Schema; out: Schema }, turn.io), turn);
    case 'lazy':
    case 'map':
    case 'set':
    case 'promise':
    case 'function':
    case 'symbol':
    case 'undefined':
    case 'file':
      throw new UnsupportedSchemaError(def.type);
    default:
      return null;
  }
}

/** A preprocessing transform says nothing about its input: the schema it feeds does. */
export function sideOfPipe(pipe: { in: Schema; out: Schema }, io: Turn['io']): Schema {
  if (io === 'output') return pipe.out;
  return pipe.in._zod.def.type === 'transform' ? pipe.out : pipe.in;
}

/** One set of names for alternatives that may stand in the same place. */
export function mergeNames(all: readonly (Names | null)[]): Names | null {
  const some = all.filter((names) => names !== null);
  if (some.length < 2) return some[0] ?? null;
  const fields = new Map<string, { name: string; below: Names | null }>();
  for (const [key, { name, below }] of some.flatMap((names) => [...names.fields])) {
    fields.set(key, { name, below: mergeNames([fields.get(key)?.below ?? null, below]) });
  }
  return {
    fields,
    items: mergeNames(some.map(({ items }) => items)),
    values: mergeNames(some.map(({ values }) => values)),
  };
}

/** The value under the other names. Keys that no schema knows stay, for the schema to judge. */
export function rename(names: Names | null, value: unknown): unknown {
  if (names === null || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return names.items ? value.map((item) => rename(names.items, item)) : value;
  // fromEntries defines keys instead of assigning them, so that "__proto__" is a key like any other.
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => {
      const field = names.fields.get(key);
      return field ? [field.name, rename(field.below, child)] : [key, rename(names.values, child)];
    }),
  );
}

/** A path into a value, such as an issue of zod has, under the other names. */
export function renamePath(names: Names | null, path: readonly PropertyKey[]): PropertyKey[] {
  let at = names;
  return path.map((key) => {
    const field = typeof key === 'string' ? at?.fields.get(key) : undefined;
    at = field ? field.below : ((typeof key === 'number' ? at?.items : at?.values) ?? null);
    return field?.name ?? key;
  });
}

function namesOfObject(shape: Record<string, Schema>, turn: Turn): Names | null {
  const fields = new Map<string, { name: string; below: Names | null }>();
  for (const [key, child] of Object.entries(shape)) {
    const below = namesOf(child, turn);
    const snake = snakeCase(key);
    if (snake === key && below === null) continue;
    if (turn.to === 'camel') fields.set(snake, { name: key, below });
    else fields.set(key, { name: snake, below });
  }
  return fields.size > 0 ? { fields, items: null, values: null } : null;
}

function parts(schemas: readonly unknown[], turn: Turn): (Names | null)[] {
  return schemas.map((schema) => namesOf(schema as Schema, turn));
}

function listOf(items: Names | null): Names | null {
  return items && { fields: new Map(), items, values: null };
}

function recordOf(values: Names | null): Names | null {
  return values && { fields: new Map(), items: null, values };
}

/** The first key written as the schema has it inside instead of as callers know it: its path and the right name. */
export function foreignKey(names: Names | null, value: unknown): { path: PropertyKey[]; expected: string } | null {
  if (names === null || typeof value !== 'object' || value === null) return null;
  for (const [expected, { name }] of names.fields) {
    if (expected !== name && Object.hasOwn(value, name)) return { path: [name], expected };
  }
  for (const [key, child] of Object.entries(value)) {
    const below = Array.isArray(value) ? names.items : (names.fields.get(key)?.below ?? names.values);
    const found = foreignKey(below, child);
    if (found) return { path: [Array.isArray(value) ? Number(key) : key, ...found.path], expected: found.expected };
  }
  return null;
}
