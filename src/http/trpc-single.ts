import { callTRPCProcedure, getTRPCErrorFromUnknown, getTRPCErrorShape, type TRPCError } from '@trpc/server';
import { AppError } from '../errors.ts';
import { appRouter } from '../routers/index.ts';
import { listProcedures } from './rest/procedures.ts';
import type { RequestContext } from './open-context.ts';

/** One call of tRPC's protocol: a query by GET or a mutation by POST, alone or as a batch of one. */
export interface SingleCall {
  readonly path: string;
  readonly type: 'query' | 'mutation';
  /** The query string's `input`, still encoded. */
  readonly input: string | null;
  readonly isBatch: boolean;
}

const prefix = '/trpc/';
const types = new Map(listProcedures(appRouter).map(({ name, type }) => [name, type]));

/**
 * The one call that a request is, or null when it is anything else: that goes to tRPC's own adapter, which for a single
 * call costs a sixth of the whole request (`npm run bench -- --profile session`).
 */
export function readSingleCall({ method, url, headers }: Request): SingleCall | null {
  const [address = '', query = ''] = url.split('?', 2);
  const path = address.slice(address.indexOf(prefix, 8) + prefix.length);
  const type = types.get(path);
  if (!type || headers.has('trpc-accept') || headers.get('accept')?.includes('jsonl')) return null;
  const found = /^(batch=1)?&?(?:input=([^&]*))?$/.exec(query);
  if (!found) return null;
  const call = { path, type, input: found[2] ?? null, isBatch: found[1] !== undefined };
  if (type === 'query') return method === 'GET' ? call : null;
  const isJson = headers.get('content-type')?.toLowerCase().startsWith('application/json');
  return method === 'POST' && isJson && call.input === null ? call : null;
}

/** The answer in tRPC's envelope, and the error it stands for. */
export async function answerSingleCall(
  call: SingleCall,
  request: Request,
  ctx: RequestContext,
): Promise<{ body: unknown; error: TRPCError | null }> {
  const { path, type } = call;
  let input: unknown;
  let reading: Promise<unknown> | undefined;
  // Several inputs each ask for the raw one, and a body can be read once.
  const getRawInput = () => (reading ??= readInput(call, request).then((value) => (input = value)));
  const wrap = (envelope: object) => (call.isBatch ? [envelope] : envelope);
  try {
    const data = await callTRPCProcedure({
      router: appRouter,
      path,
      type,
      ctx,
      getRawInput,
      signal: request.signal,
      batchIndex: 0,
    });
    return { body: wrap({ result: { data } }), error: null };
  } catch (cause) {
    const error = getTRPCErrorFromUnknown(cause);
    const shape = getTRPCErrorShape({ config: appRouter._def._config, error, type, path, input, ctx });
    return { body: wrap({ error: shape }), error };
  }
}

async function readInput(call: SingleCall, request: Request): Promise<unknown> {
  try {
    const text =
      call.type === 'mutation' ? await request.text() : decodeURIComponent((call.input ?? '').replaceAll('+', ' '));
    if (!text) return undefined;
    const value = JSON.parse(text) as unknown;
    if (!call.isBatch) return value;
    return typeof value === 'object' && value !== null && '0' in value ? value[0] : undefined;
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError('body.malformed', { cause });
  }
}
