import type * as z from 'zod';
import { appRouter } from '../../src/routers/index.ts';
import type { Access, Meta } from '../../src/trpc.ts';

/** One procedure of the API, as tests that hold for all of them see it. */
export interface ProcedureInfo {
  readonly path: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly meta: Meta;
  readonly access: Access | undefined;
  readonly inputs: readonly z.core.$ZodType[];
  readonly hasOutput: boolean;
}

interface Definition {
  readonly type: ProcedureInfo['type'];
  readonly meta?: Meta;
  readonly inputs?: readonly z.core.$ZodType[];
  readonly output?: unknown;
}

/** Every procedure. tRPC's `_def` is its own business, so it is read here alone. */
export function allProcedures(): ProcedureInfo[] {
  const procedures = appRouter._def.procedures as unknown as Record<string, { _def: Definition }>;
  return Object.entries(procedures).map(([path, { _def }]) => ({
    path,
    type: _def.type,
    meta: _def.meta ?? {},
    access: _def.meta?.access,
    inputs: _def.inputs ?? [],
    hasOutput: _def.output !== undefined,
  }));
}

/** The procedures that anyone may call without a credential. Each addition is a decision. */
export const publicProcedures = ['auth.requestMagicLink', 'auth.verifyMagicCode', 'auth.verifyMagicLink'];
