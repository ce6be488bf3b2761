import * as z from 'zod';
import { snakeCase } from '../../lib/case.ts';
import type { Schema } from './procedures.ts';

/** A JSON Schema (2020-12, as OpenAPI 3.1 takes it), as far as it is looked into here. */
export interface JsonSchema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly [keyword: string]: unknown;
}

/**
 * What callers of REST send for a schema (`input`), or get (`output`): keys in snake_case, as `rest.ts` maps them.
 * What JSON Schema cannot say (a refinement by code) is left out.
 */
export function restSchema(schema: Schema, io: 'input' | 'output'): JsonSchema {
  const json = z.toJSONSchema(schema, { io, unrepresentable: 'any' }) as JsonSchema;
  return tidy(json, io);
}

function tidy(schema: JsonSchema, io: 'input' | 'output'): JsonSchema {
  // A closed output would make every added field a break.
  const isOpen = (keyword: string, value: unknown) =>
    io === 'output' && keyword === 'additionalProperties' && value === false;
  const entries = Object.entries(schema).filter(
    ([keyword, value]) => !isOpen(keyword, value) && !isNoise(schema, keyword, value),
  );
  return withNull(Object.fromEntries(entries.map(([keyword, value]) => [keyword, tidyKeyword(keyword, value, io)])));
}

function tidyKeyword(keyword: string, value: unknown, io: 'input' | 'output'): unknown {
  if (keyword === 'properties') {
    const properties = Object.entries(value as Record<string, JsonSchema>);
    return Object.fromEntries(properties.map(([name, child]) => [snakeCase(name), tidy(child, io)]));
  }
  if (keyword === 'required') return (value as string[]).map(snakeCase);
  if (keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'allOf' || keyword === 'prefixItems') {
    return (value as JsonSchema[]).map((child) => tidy(child, io));
  }
  const isSchema = keyword === 'items' || keyword === 'additionalProperties' || keyword === 'propertyNames';
  return isSchema && typeof value === 'object' ? tidy(value as JsonSchema, io) : value;
}

/** True, but nothing a reader learns from. */
function isNoise(schema: JsonSchema, keyword: string, value: unknown): boolean {
  if (keyword === '$schema') return true;
  if (keyword === 'pattern') return schema.format !== undefined;
  if (keyword === 'minLength') return value === 0;
  return (keyword === 'minimum' || keyword === 'maximum') && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;
}

/** `anyOf [X, null]` as `type: [X, "null"]`, where X is a plain type. */
function withNull(schema: JsonSchema): JsonSchema {
  const { anyOf, ...rest } = schema;
  const [first, second] = anyOf ?? [];
  if (anyOf?.length !== 2 || second?.type !== 'null' || typeof first?.type !== 'string' || first.enum || first.const)
    return schema;
  return { ...first, type: [first.type, 'null'], ...rest };
}
