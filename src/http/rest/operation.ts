import { snakeCase } from '../../lib/case.ts';
import { type JsonSchema, restSchema } from './json-schema.ts';
import type { ProcedureInfo } from './procedures.ts';
import type { Route } from './route.ts';

/** The part of an OpenAPI 3.1 operation that we write. */
export interface Operation {
  readonly operationId: string;
  readonly tags: readonly string[];
  readonly summary: string;
  readonly description: string;
  readonly security?: readonly Record<string, readonly string[]>[];
  readonly 'x-access': string;
  readonly 'x-scope'?: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean; readonly content: Content };
  readonly responses: Readonly<
    Record<string, { readonly $ref: string } | { readonly description: string; readonly content: Content }>
  >;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: JsonSchema;
  readonly description?: string;
}

type Content = { readonly 'application/json': { readonly schema: JsonSchema } };

const idempotencyKey: Parameter = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'Makes sending the call again safe: for 24 hours the same key and input have one effect and, unless something else was changed since, one answer. Sent again, a call that sets something changes nothing any more and answers what is there now. The same key with other input is refused.',
  schema: { type: 'string', pattern: '^[!-~]{16,200}$' },
};

const idempotencyCaller: Parameter = {
  name: 'Idempotency-Caller',
  in: 'header',
  required: false,
  description:
    'A secret that you made and keep, 256 random bits in base64url. A call without a credential needs it for its Idempotency-Key to count.',
  schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{43,128}$' },
};

const ifNoneMatch: Parameter = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The `ETag` of the answer before: 304 when it is still the same.',
  schema: { type: 'string' },
};

/** One route as an operation of the document. */
export function describeOperation(route: Route): Operation {
  const { procedure } = route;
  const { access, summary = '' } = procedure.meta;
  const isPublic = access?.subject === 'public';
  const refusal = { $ref: '#/components/responses/Refused' };
  const output = procedure.output ? restSchema(procedure.output, 'output') : { type: 'object' };
  return {
    operationId: procedure.name,
    tags: [procedure.module],
    summary,
    description: describeAccess(procedure),
    ...(isPublic && { security: [] }),
    'x-access': access?.subject ?? 'none',
    ...(scopeOf(procedure) !== undefined && { 'x-scope': scopeOf(procedure) }),
    ...describeInput(route, isPublic),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: output } } },
      ...(procedure.meta.openapi?.isRevalidated && { 304: { $ref: '#/components/responses/NotModified' } }),
      400: refusal,
      ...(!isPublic && { 401: refusal, 403: refusal }),
      429: { $ref: '#/components/responses/TooMany' },
      default: refusal,
    },
  };
}

function scopeOf({ meta: { access } }: ProcedureInfo): string | undefined {
  return access && 'scope' in access ? access.scope : undefined;
}

/** Who may call, in a sentence. */
export function describeAccess(procedure: ProcedureInfo): string {
  const { access } = procedure.meta;
  if (!access || access.subject === 'public') return 'Anyone may call.';
  const who = {
    self: 'Acts on the user who calls.',
    user: 'Acts on the user it names: the caller, or anyone for service tokens and administrators (confirmed within the last 600 seconds).',
    organization: `Acts on the organisation it names, for its members from the role ${'role' in access ? access.role : ''} on.`,
    platform: 'For platform administrators and service tokens.',
  }[access.subject];
  const tokens = access.scope ? `An API token needs the scope \`${access.scope}\`.` : 'Sessions only, no API tokens.';
  const { freshWithin, sessionFreshWithin } = access;
  const fresh = freshWithin
    ? ` Confirmed within the last ${freshWithin} seconds.`
    : sessionFreshWithin
      ? ` By a session: confirmed within the last ${sessionFreshWithin} seconds.`
      : '';
  return `${who} ${tokens}${fresh}`;
}

function describeInput({ procedure, pathFields, usesQuery }: Route, isPublic: boolean) {
  const input = mergeObjects(procedure.inputs.map((schema) => restSchema(schema, 'input')));
  const inPath = new Set(pathFields.map(snakeCase));
  const rest = Object.keys(input.properties ?? {}).filter((name) => !inPath.has(name));
  const required = new Set(input.required);
  const parameters = [...inPath, ...(usesQuery ? rest : [])].map((name): Parameter => ({
    name,
    in: inPath.has(name) ? 'path' : 'query',
    required: inPath.has(name) || required.has(name),
    schema: input.properties?.[name] ?? {},
  }));
  const headers = [
    ...(procedure.type === 'mutation' ? [idempotencyKey, ...(isPublic ? [idempotencyCaller] : [])] : []),
    ...(procedure.meta.openapi?.isRevalidated === true ? [ifNoneMatch] : []),
  ];
  const keyed = [...parameters, ...headers];
  const hasBody = !usesQuery && rest.length > 0;
  return {
    ...(keyed.length > 0 && { parameters: keyed }),
    ...(hasBody && { requestBody: bodyOf(input, rest) }),
  };
}

function bodyOf(input: JsonSchema, names: readonly string[]) {
  const properties = Object.fromEntries(names.map((name) => [name, input.properties?.[name] ?? {}]));
  const required = (input.required ?? []).filter((name) => names.includes(name));
  const schema: JsonSchema = { ...input, properties, required };
  return { required: required.length > 0, content: { 'application/json': { schema } } };
}

/** Several inputs each say a part of one object. A contract test sees to it that they are objects. */
function mergeObjects(schemas: readonly JsonSchema[]): JsonSchema {
  return {
    ...schemas.at(-1),
    type: 'object',
    properties: Object.assign({}, ...schemas.map(({ properties }) => properties)) as Record<string, JsonSchema>,
    required: schemas.flatMap(({ required = [] }) => required),
  };
}
