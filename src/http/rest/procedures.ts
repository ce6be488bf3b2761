import { type AnyTRPCRouter, callTRPCProcedure } from '@trpc/server';
import type * as z from 'zod';
import type { Context } from '../../context.ts';
import type { Meta } from '../../trpc.ts';

/** A zod schema whose `_zod.def` says by `type` what it is. */
export type Schema = z.core.$ZodTypes;

/** What one procedure declares. */
export interface ProcedureInfo {
  /** Where it hangs in the router: `auth.listSessions`. */
  readonly name: string;
  /** The part before the dot, which is the module's name in every layer. */
  readonly module: string;
  readonly type: 'query' | 'mutation';
  readonly meta: Meta;
  /** Its input schemas; each reads the whole input, and what they give is merged. */
  readonly inputs: readonly Schema[];
  readonly output: Schema | null;
}

interface Definition {
  readonly type: 'query' | 'mutation';
  readonly meta?: Meta;
  readonly inputs: readonly Schema[];
  readonly output?: Schema;
}

/**
 * Every procedure of a router, in the order of declaration. The one place that reads tRPC's `_def`: what hangs there
 * is not part of its public types, though it has been stable through version 11.
 */
export function listProcedures(router: AnyTRPCRouter): ProcedureInfo[] {
  const procedures = router._def.procedures as unknown as Record<string, { _def: Definition }>;
  return Object.entries(procedures).map(([name, { _def }]) => ({
    name,
    module: name.slice(0, name.indexOf('.')),
    type: _def.type,
    meta: _def.meta ?? {},
    inputs: _def.inputs,
    output: _def.output ?? null,
  }));
}

/** A call without HTTP. `readInput` runs when the procedure asks for its input: after it has looked for a credential. */
export interface Call {
  readonly procedure: ProcedureInfo;
  readonly ctx: Context;
  readonly readInput: () => Promise<unknown>;
}

/**
 * Calls a procedure of the router and answers its output.
 * @throws TRPCError, whose cause is the `AppError` where it is a refusal of ours
 */
export async function callProcedure(router: AnyTRPCRouter, { procedure, ctx, readInput }: Call): Promise<unknown> {
  let reading: Promise<unknown> | undefined;
  const { name: path, type } = procedure;
  // Several inputs each ask for the raw one, and a body can be read once.
  const getRawInput = () => (reading ??= readInput());
  return callTRPCProcedure({ router, path, type, ctx, getRawInput, signal: undefined, batchIndex: 0 });
}
