import type { JsonSchema } from './json-schema.ts';

/** One line of a table of fields. */
export interface FieldRow {
  /** With its way there: `items[].created_at`. */
  readonly name: string;
  readonly type: string;
  readonly isRequired: boolean;
  /** Limits, defaults, allowed values. */
  readonly notes: string;
}

/** The fields of an object schema as lines, nested ones under their path. */
export function fieldRows(schema: JsonSchema, prefix = ''): FieldRow[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([key, field]) => {
    const name = prefix + key;
    const row = { name, type: typeOf(field), isRequired: required.has(key), notes: notesOf(field) };
    const below = field.items?.properties ? fieldRows(field.items, `${name}[].`) : fieldRows(field, `${name}.`);
    return [row, ...below];
  });
}

/** A type in words: `string (uuid) or null`, `array of object`. */
export function typeOf(schema: JsonSchema): string {
  const { type, format, items, anyOf } = schema;
  if (anyOf) return anyOf.map(typeOf).join(' or ');
  if (type === undefined) return schema.const === undefined && schema.enum === undefined ? 'any JSON' : 'value';
  const words = [type].flat().map((word) => (word === 'array' && items ? `array of ${typeOf(items)}` : word));
  const [first = '', ...others] = words;
  return [format ? `${first} (${String(format)})` : first, ...others].join(' or ');
}

function notesOf(schema: JsonSchema): string {
  const { minLength, maxLength, minimum, maximum, pattern } = schema;
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  const notes = [
    Array.isArray(choices) && `one of ${choices.map((choice) => JSON.stringify(choice)).join(', ')}`,
    range('characters', minLength, maxLength),
    range('', minimum, maximum),
    typeof pattern === 'string' && `matches ${pattern}`,
    schema.default !== undefined && `default ${JSON.stringify(schema.default)}`,
    schema.description,
  ];
  return notes.filter((note) => typeof note === 'string' && note !== '').join('; ');
}

function range(unit: string, from: unknown, to: unknown): string {
  if (from === undefined && to === undefined) return '';
  const span =
    to === undefined
      ? `at least ${String(from)}`
      : from === undefined
        ? `at most ${String(to)}`
        : `${String(from)} to ${String(to)}`;
  return `${span} ${unit}`.trim();
}

/** A value that shows the form of a schema, not one that works. */
export function exampleOf(schema: JsonSchema): unknown {
  if (schema.default !== undefined) return schema.default;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  if (schema.anyOf?.[0]) return exampleOf(schema.anyOf[0]);
  const type = [schema.type].flat()[0];
  if (type === 'object') {
    const required = new Set(schema.required);
    const fields = Object.entries(schema.properties ?? {});
    const shown = fields.some(([name]) => required.has(name))
      ? fields.filter(([name]) => required.has(name))
      : fields.slice(0, 1);
    return Object.fromEntries(shown.map(([name, field]) => [name, exampleOf(field)]));
  }
  if (type === 'array') return schema.items ? [exampleOf(schema.items)] : [];
  if (type === 'integer' || type === 'number') return schema.minimum ?? 1;
  if (type === 'boolean') return true;
  if (type === 'null') return null;
  return examples[String(schema.format)] ?? '…';
}

const examples: Readonly<Record<string, string>> = {
  email: 'ada@example.com',
  uuid: '019a0000-0000-7000-8000-000000000001',
  'date-time': '2026-01-01T00:00:00.000Z',
  uri: 'https://example.com/',
};
