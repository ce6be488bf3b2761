import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import type { Context as HonoContext } from 'hono';
import { AppError } from '../errors.ts';
import { appRouter } from '../routers/index.ts';
import { describeError } from '../trpc.ts';
import { logLine, safeDetail } from './log.ts';
import type { AppEnv } from './open-context.ts';

const MAX_BATCH = 10;

/** tRPC over HTTP. Queries batch up to ten, mutations go alone: each has its own budget, and its own refusal. */
export async function serveTrpc(c: HonoContext<AppEnv>): Promise<Response> {
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
    onError: ({ error, path }) => {
      const { code, details } = describeError(error);
      const isOurs = code === 'internal.error' || code === 'gate.misused';
      logLine({
        event: 'call.refused',
        level: isOurs ? 'error' : 'info',
        requestId: ctx.facts.requestId,
        procedure: path,
        code,
        detail: isOurs ? safeDetail(details.cause ?? error) : undefined,
      });
    },
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
