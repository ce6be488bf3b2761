import type { TRPCError } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import type { Context as HonoContext } from 'hono';
import { AppError } from '../errors.ts';
import { appRouter } from '../routers/index.ts';
import { describeError } from '../trpc.ts';
import { logLine, safeDetail } from './log.ts';
import type { AppEnv, RequestContext } from './open-context.ts';
import { statusOf } from './respond.ts';
import { answerSingleCall, readSingleCall, type SingleCall } from './trpc-single.ts';

const MAX_BATCH = 10;

/** tRPC over HTTP. Queries batch up to ten, mutations go alone: each has its own budget, and its own refusal. */
export async function serveTrpc(c: HonoContext<AppEnv>): Promise<Response> {
  const single = readSingleCall(c.req.raw);
  return single ? serveSingle(c, single) : serveBatch(c);
}

async function serveSingle(c: HonoContext<AppEnv>, call: SingleCall): Promise<Response> {
  const ctx = c.get('ctx');
  const { body, error } = await answerSingleCall(call, c.req.raw, ctx);
  if (!error) return c.json(body);
  const refusal = describeError(error);
  noteRefusal(ctx, error, call.path);
  if (refusal.details.retryAfter !== undefined) c.header('retry-after', String(refusal.details.retryAfter));
  return c.json(body, statusOf(refusal));
}

async function serveBatch(c: HonoContext<AppEnv>): Promise<Response> {
  const ctx = c.get('ctx');
  refuseUnreadable(c);
  return fetchRequestHandler({
    endpoint: '/trpc',
    req: c.req.raw,
    router: appRouter,
    createContext: () => ctx,
    responseMeta: ({ errors }) => {
      const seconds = errors.map((error) => describeError(error).details.retryAfter ?? 0);
      const retryAfter = Math.max(0, ...seconds);
      return retryAfter > 0 ? { headers: { 'retry-after': String(retryAfter) } } : {};
    },
    onError: ({ error, path }) => noteRefusal(ctx, error, path),
  });
}

/** One log line for each refused call: its code, and for a fault of ours where it was. */
function noteRefusal(ctx: RequestContext, error: TRPCError, procedure: string | undefined): void {
  const { code, details } = describeError(error);
  const isOurs = code === 'internal.error' || code === 'gate.misused';
  logLine({
    event: 'call.refused',
    level: isOurs ? 'error' : 'info',
    requestId: ctx.facts.requestId,
    procedure,
    code,
    detail: isOurs ? safeDetail(details.cause ?? error) : undefined,
  });
}

/** What tRPC would refuse before it has a context, and so without a request id. */
function refuseUnreadable(c: HonoContext<AppEnv>): void {
  const path = decoded(c.req.path);
  if (path === null) throw new AppError('route.not_found', { message: 'The address holds a broken escape.' });
  const calls = c.req.query('batch') === undefined ? 1 : path.split(',').length;
  if (calls > (c.req.method === 'GET' ? MAX_BATCH : 1)) throw new AppError('batch.too_large');
}

function decoded(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
