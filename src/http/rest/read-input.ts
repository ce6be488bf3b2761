import type { Context as HonoContext } from 'hono';
import * as z from 'zod';
import { AppError } from '../../errors.ts';
import { snakeCase } from '../../lib/case.ts';
import { foreignKey, rename } from './names.ts';
import type { Mapping, QueryField, Route } from './route.ts';

/**
 * The input of a call: the path's fields, and those of the query or the JSON body, under the schema's names. Only the
 * form is looked at here; whether the values are right, the procedure's own schema says.
 * @throws AppError `content_type.unsupported`, `body.malformed`, `input.invalid`
 */
export async function readInput(c: HonoContext, route: Route, mapping: Mapping): Promise<unknown> {
  const rest = route.usesQuery ? readQuery(new URL(c.req.url).searchParams, mapping) : await readBody(c, mapping);
  // Not an object: the schema refuses it in its own words.
  if (typeof rest !== 'object' || rest === null || Array.isArray(rest)) return rest;
  const input = new Map(Object.entries(rest));
  for (const field of route.pathFields) {
    const name = snakeCase(field);
    // Here `{id}` in a path may come to accept `me`.
    const value = c.req.param(name);
    if (input.has(field) && input.get(field) !== value) throw invalidField([name], 'differs from the one in the path');
    input.set(field, value);
  }
  return Object.fromEntries(input);
}

/** The refusal of one field, as zod's own look. */
export function invalidField(path: PropertyKey[], message: string): AppError {
  const cause = new z.ZodRealError([{ code: 'custom', path, message, input: undefined }]);
  return new AppError('input.invalid', { message: `${path.map(String).join('.')}: ${message}`, cause });
}

function readQuery(query: URLSearchParams, mapping: Mapping): Record<string, unknown> {
  const input = new Map<string, unknown>();
  for (const key of new Set(query.keys())) {
    const field = mapping.query.get(key);
    const texts = query.getAll(key);
    if (texts.length > 1 && !field?.isList) throw invalidField([key], 'must stand in the query only once');
    const values = texts.map((text) => (field ? fromText(text, field.kind) : text));
    input.set(key, field?.isList ? values : values[0]);
  }
  return withInnerNames(Object.fromEntries(input), mapping) as Record<string, unknown>;
}

/** What is no number and no boolean stays a text, so that the schema names it. */
function fromText(text: string, kind: QueryField['kind']): unknown {
  if (kind === 'number' && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (kind === 'boolean' && (text === 'true' || text === 'false')) return text === 'true';
  return text;
}

async function readBody(c: HonoContext, mapping: Mapping): Promise<unknown> {
  const bytes = await c.req.arrayBuffer();
  if (bytes.byteLength === 0) return {};
  if (!isJson(c.req.header('content-type') ?? '')) throw new AppError('content_type.unsupported');
  return withInnerNames(parseJson(bytes), mapping);
}

/** JSON is UTF-8 (RFC 8259 §8.1), whether said or not. */
function isJson(contentType: string): boolean {
  return /^application\/json\s*(;\s*charset="?utf-8"?\s*)?$/i.test(contentType.trim());
}

function parseJson(bytes: ArrayBuffer): unknown {
  try {
    // Fatal: bytes that are no UTF-8 must not become U+FFFD and be stored.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new AppError('body.malformed', { cause });
  }
}

/** One spelling for one field: two would let a check read the one and the procedure the other. */
function withInnerNames(value: unknown, mapping: Mapping): unknown {
  const foreign = foreignKey(mapping.input, value);
  if (foreign) throw invalidField(foreign.path, `is written ${foreign.expected} here`);
  return rename(mapping.input, value);
}
