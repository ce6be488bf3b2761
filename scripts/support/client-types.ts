import type { ProcedureInfo, Schema } from '../../src/http/rest/procedures.ts';
import { safeJson } from '../../src/lib/text.ts';

type Side = 'input' | 'output';

/** Schemas whose type their code states and their structure does not show: the type's name, and what it stands for. */
const named = new Map<unknown, { readonly name: string; readonly declaration: string }>([
  [
    safeJson,
    {
      name: 'JsonValue',
      declaration:
        'export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };',
    },
  ],
]);

/**
 * The module that stands for `src/client/app-router.ts` in the package: the whole API in tRPC's own public types, so
 * that it needs none of our sources. Printed from the procedures' schemas.
 * @throws Error naming the procedure and the zod construct that cannot be printed
 */
export function printAppRouter(procedures: readonly ProcedureInfo[], errorCodes: readonly string[]): string {
  return `${[
    `import type {
  TRPCBuiltRouter,
  TRPCDefaultErrorData,
  TRPCErrorShape,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
} from '@trpc/server';`,
    `/** Stable codes of refusals. */\nexport type ErrorCode =\n${errorCodes.map((code) => `  | '${code}'`).join('\n')};`,
    ...[...named.values()].map(({ declaration }) => declaration),
    `export interface ErrorData extends TRPCDefaultErrorData {
  appCode: ErrorCode;
  requestId: string;
  retryAfter?: number | undefined;
  attemptsLeft?: number | undefined;
  fields?: readonly { readonly path: string; readonly message: string }[] | undefined;
}`,
    `export interface Procedures ${printBranch(procedures, 0)}`,
    `/** Every procedure of the deployment: its input, its output, its errors. */
export type AppRouter = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: TRPCErrorShape<ErrorData>; transformer: false },
  { [Module in keyof Procedures]: Procedures[Module] }
>;`,
  ].join('\n\n')}\n`;
}

/** The procedures of one branch of the router, `depth` dots below its root. */
function printBranch(procedures: readonly ProcedureInfo[], depth: number): string {
  const indent = '  '.repeat(depth + 1);
  const byName = Map.groupBy(procedures, ({ name }) => name.split('.')[depth] ?? '');
  const members = [...byName].map(([name, inside]) => {
    const [only] = inside;
    const isLeaf = inside.length === 1 && only?.name.split('.').length === depth + 1;
    return isLeaf ? printProcedure(only, indent) : `${indent}${name}: ${printBranch(inside, depth + 1)};\n`;
  });
  return `{\n${members.join('')}${'  '.repeat(depth)}}`;
}

function printProcedure(procedure: ProcedureInfo, indent: string): string {
  const { name, type, meta, inputs, output } = procedure;
  const kind = type === 'query' ? 'TRPCQueryProcedure' : 'TRPCMutationProcedure';
  try {
    if (!output) throw new UnsupportedError('no output schema');
    const input = inputs.length === 0 ? 'void' : inputs.map((schema) => printType(schema, 'input')).join(' & ');
    const summary = meta.summary ? `${indent}/** ${meta.summary} */\n` : '';
    const types = `input: ${input}; output: ${printType(output, 'output')}; meta: object`;
    return `${summary}${indent}${name.slice(name.lastIndexOf('.') + 1)}: ${kind}<{ ${types} }>;\n`;
  } catch (error) {
    if (error instanceof UnsupportedError)
      throw new Error(`${name}: the client's types cannot say ${error.message}.`, { cause: error });
    throw error;
  }
}

class UnsupportedError extends Error {}

/**
 * The TypeScript type of what a schema takes (`input`) or gives (`output`).
 * @throws Error naming the construct, where its structure does not tell the type
 */
export function printType(schema: Schema, side: Side): string {
  const known = named.get(schema);
  if (known) return known.name;
  const { def } = schema._zod;
  const print = (inner: unknown) => printType(inner as Schema, side);
  switch (def.type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
    case 'never':
    case 'unknown':
      return def.type;
    case 'any':
      return 'unknown';
    case 'literal':
      return join(def.values.map(printLiteral), ' | ');
    case 'enum':
      return join(Object.values(def.entries).map(printLiteral), ' | ');
    case 'array':
      return `${grouped(print(def.element))}[]`;
    case 'tuple':
      return `[${[...def.items.map(print), ...(def.rest ? [`...${grouped(print(def.rest))}[]`] : [])].join(', ')}]`;
    case 'object':
      return printObject(def as unknown as ObjectDef, side);
    case 'record':
      return printRecord(def.keyType as Schema, print(def.valueType));
    case 'union':
      return join(def.options.map(print), ' | ');
    case 'intersection':
      return join([def.left, def.right].map(print), ' & ');
    case 'nullable':
      return join([print(def.innerType), 'null'], ' | ');
    case 'optional':
      return join([print(def.innerType), 'undefined'], ' | ');
    case 'default':
    case 'prefault':
      return side === 'input' ? join([print(def.innerType), 'undefined'], ' | ') : print(def.innerType);
    case 'nonoptional':
      return `Exclude<${print(def.innerType)}, undefined>`;
    case 'catch':
      return print(def.innerType);
    case 'readonly':
      return side === 'input' ? print(def.innerType) : `Readonly<${print(def.innerType)}>`;
    case 'pipe':
      return printPipe(def as unknown as { in: Schema; out: Schema }, side);
    default:
      throw new UnsupportedError(`z.${def.type}()`);
  }
}

interface ObjectDef {
  readonly shape: Readonly<Record<string, Schema>>;
  readonly catchall?: Schema;
}

function printObject({ shape, catchall }: ObjectDef, side: Side): string {
  const fields = Object.entries(shape).map(([name, field]) => {
    const isOptional = (side === 'input' ? field._zod.optin : field._zod.optout) !== undefined;
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    return `${key}${isOptional ? '?' : ''}: ${printType(field, side)}`;
  });
  const closed = fields.length === 0 ? '{}' : `{ ${fields.join('; ')} }`;
  // Strict objects have z.never() here, plain ones nothing; only loose ones show in the type.
  if (!catchall || catchall._zod.def.type === 'never') return fields.length === 0 ? 'Record<string, never>' : closed;
  return `${closed} & { [key: string]: ${printType(catchall, side)} }`;
}

function printRecord(key: Schema, value: string): string {
  if (key._zod.def.type !== 'string') throw new UnsupportedError(`z.record() with keys of z.${key._zod.def.type}()`);
  return `Record<string, ${value}>`;
}

function printPipe(pipe: { in: Schema; out: Schema }, side: Side): string {
  // What a preprocessing function takes, and what a transforming one gives, only its code knows.
  if (side === 'input') return pipe.in._zod.def.type === 'transform' ? 'unknown' : printType(pipe.in, side);
  return printType(pipe.out, side);
}

function printLiteral(value: unknown): string {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : String(value);
  }
  throw new UnsupportedError(`the literal ${String(value)}`);
}

function join(types: readonly string[], by: ' | ' | ' & '): string {
  return [...new Set(types)].map((type) => (by === ' & ' ? grouped(type) : type)).join(by);
}

function grouped(type: string): string {
  return /[|&]/.test(type) ? `(${type})` : type;
}
