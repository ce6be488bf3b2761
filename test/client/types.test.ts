import { resolve } from 'node:path';
import * as z from 'zod';
import { describe, expect, it } from 'vitest';
import { printAppRouter, printType } from '../../scripts/support/client-types.ts';
import { errors } from '../../src/errors.ts';
import { listProcedures, type Schema } from '../../src/http/rest/procedures.ts';
import { safeJson } from '../../src/lib/text.ts';
import { appRouter } from '../../src/routers/index.ts';
import { publicProcedure, router } from '../../src/trpc.ts';
import { newProject } from './support.ts';

/** Fails to compile where the two differ, in an optional key or an `any` too. */
const check = `
import type { inferRouterInputs, inferRouterOutputs, inferTRPCClientTypes } from '@trpc/server';
import type { AppRouter as Real } from '${resolve('src/routers/index.ts')}';
import type { AppRouter as Printed } from './app-router.ts';

type Flat<T> = T extends readonly (infer Item)[] ? Flat<Item>[] : T extends object ? { [K in keyof T]: Flat<T[K]> } : T;
type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Same<A, B> = Equal<Flat<A>, Flat<B>>;

export const inputs: Same<inferRouterInputs<Real>, inferRouterInputs<Printed>> = true;
export const outputs: Same<inferRouterOutputs<Real>, inferRouterOutputs<Printed>> = true;
type Data<T extends Real | Printed> = inferTRPCClientTypes<T>['errorShape']['data'];
export const there: Data<Printed> = {} as Data<Real>;
export const back: Data<Real> = {} as Data<Printed>;
`;

const repository = {
  skipLibCheck: true,
  target: 'es2024',
  lib: ['es2024', 'dom', 'dom.iterable'],
  types: ['node', '@cloudflare/workers-types'],
  module: 'esnext',
  moduleResolution: 'bundler',
  allowImportingTsExtensions: true,
  resolveJsonModule: true,
  jsx: 'react-jsx',
  jsxImportSource: 'hono/jsx',
};
const packages = ['@trpc/server', '@types/node', '@cloudflare/workers-types'];

const types = (schema: z.ZodType) => [
  printType(schema as unknown as Schema, 'input'),
  printType(schema as unknown as Schema, 'output'),
];

describe('the types of the client package', () => {
  const printed = printAppRouter(listProcedures(appRouter), Object.keys(errors));

  it('are those of the router, input by input and output by output', () => {
    const project = newProject(packages);
    project.write('app-router.ts', printed);
    project.write('check.ts', check);
    expect(project.compile(repository)).toBe('');
    project.remove();
  });

  it('are told apart from the router when one key differs', () => {
    const project = newProject(packages);
    project.write(
      'app-router.ts',
      printed.replace('redirectUrl?: string | undefined', 'redirectUrl: string | undefined'),
    );
    project.write('check.ts', check);
    expect(project.compile(repository)).toMatch(/check\.ts.*Type 'true' is not assignable to type 'false'/);
    project.remove();
  });

  it('tell what goes in from what comes out', () => {
    const schema = z.object({
      page: z.int().default(1),
      'of-all': z.string().optional(),
      size: z.string().transform(Number).pipe(z.number()),
    });
    expect(types(schema)).toEqual([
      '{ page?: number | undefined; "of-all"?: string | undefined; size: string }',
      '{ page: number; "of-all"?: string | undefined; size: number }',
    ]);
  });

  it.each([
    [z.enum(['a', "b'c"]), "'a' | 'b\\'c'"],
    [z.literal([1, null, true]), '1 | null | true'],
    [z.array(z.string().nullable()), '(string | null)[]'],
    [z.tuple([z.string()], z.number()), '[string, ...number[]]'],
    [z.record(z.string(), z.unknown()), 'Record<string, unknown>'],
    [z.looseObject({ a: z.null() }), '{ a: null } & { [key: string]: unknown }'],
    [
      z.discriminatedUnion('t', [z.object({ t: z.literal('a') }), z.object({ t: z.literal('b') })]),
      "{ t: 'a' } | { t: 'b' }",
    ],
    [safeJson.optional(), 'JsonValue | undefined'],
    [z.object({}), 'Record<string, never>'],
  ])('print %o', (schema, type) => {
    expect(types(schema)).toEqual([type, type]);
  });

  it.each([
    ['z.date()', z.date()],
    ['z.bigint()', z.bigint()],
    ['z.transform()', z.string().transform(Number)],
    ['z.custom()', z.custom<URL>()],
    ['z.record() with keys of z.enum()', z.record(z.enum(['a']), z.string())],
  ])('refuse %s by the name of the procedure, since nothing tells its type', (construct, schema) => {
    const odd = router({
      odd: router({
        one: publicProcedure.output(z.object({ deep: z.array(schema) })).query(() => ({ deep: [] as never[] })),
      }),
    });
    expect(() => printAppRouter(listProcedures(odd), [])).toThrow(
      `odd.one: the client's types cannot say ${construct}.`,
    );
  });

  it('refuse a procedure that declares no output', () => {
    const odd = router({ odd: router({ one: publicProcedure.query(() => 1) }) });
    expect(() => printAppRouter(listProcedures(odd), [])).toThrow(
      "odd.one: the client's types cannot say no output schema.",
    );
  });
});
