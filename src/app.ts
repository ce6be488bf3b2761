import { type ErrorHandler, Hono, type MiddlewareHandler } from 'hono';
import { AppError } from './errors.ts';
import { checkHealth } from './http/health.ts';
import { logLine, safeDetail } from './http/log.ts';
import { type AppEnv, openContext } from './http/open-context.ts';
import { bodyLimit, cors, hostCheck, ordinaryRateLimit, originCheck, securityHeaders } from './http/middleware.ts';
import { oauthCallback } from './http/oauth-callback.tsx';
import { pages } from './http/pages.tsx';
import { showRefusal, wantsPage } from './http/pages/errors.tsx';
import { reference } from './http/reference.ts';
import { refusalBody, statusOf } from './http/respond.ts';
import { rest } from './http/rest.ts';
import { relatedOrigins } from './http/related-origins.ts';
import { serveTrpc } from './http/trpc.ts';
import { newId } from './lib/ids.ts';
import { SettingError } from './lib/keys.ts';
import { describeError } from './trpc.ts';

/** The whole HTTP surface. A factory, so that tests build the very same app. */
export function createApp(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.use(securityHeaders);
  app.use(hostCheck);
  app.use(requestContext);
  app.use(cors);
  app.use(bodyLimit);
  app.use(originCheck);
  app.use(ordinaryRateLimit);
  app.get('/health', async (c) => {
    const health = await checkHealth(c.get('ctx'));
    return c.json(health, health.status === 'ok' ? 200 : 503);
  });
  app.all('/trpc/*', serveTrpc);
  app.route('/v1', rest);
  app.route('/oauth/callback', oauthCallback);
  app.get('/.well-known/webauthn', relatedOrigins);
  app.route('/', reference);
  app.route('/', pages);
  app.notFound((c) => {
    throw new AppError('route.not_found', {
      message: `There is nothing at ${c.req.method} ${c.req.path.slice(0, 200)}.`,
    });
  });
  app.onError(refuse);
  return app;
}

/** Opens the context, and closes with its cookies, its id, and one log line. */
const requestContext: MiddlewareHandler<AppEnv> = async (c, next) => {
  const startedAt = Date.now();
  const ctx = openContext(c);
  c.set('ctx', ctx);
  await next();
  for (const cookie of ctx.setCookies) c.res.headers.append('set-cookie', cookie);
  c.res.headers.set('x-request-id', ctx.facts.requestId);
  // The address without its query, and no more than the route of pages: ids in paths are not logged.
  const path = c.req.path.startsWith('/trpc/') ? c.req.path.slice(0, 200) : c.req.routePath;
  const { requestId } = ctx.facts;
  logLine({
    event: 'request',
    requestId,
    method: c.req.method,
    path,
    status: c.res.status,
    hops: ctx.hops(),
    ms: Date.now() - startedAt,
  });
};

const refuse: ErrorHandler<AppEnv> = (error, c) => {
  const hasContext = c.get('ctx') !== undefined;
  const requestId = (c.get('ctx') as AppEnv['Variables']['ctx'] | undefined)?.facts.requestId ?? newId();
  if (error instanceof SettingError) {
    logLine({ event: 'setting.invalid', level: 'error', detail: error.message });
    return c.json({ error: { code: 'setting.invalid', message: error.message, request_id: requestId } }, 503);
  }
  const refusal = describeError(error);
  if (refusal.code === 'internal.error') {
    logLine({ event: 'request.failed', level: 'error', requestId, detail: safeDetail(error) });
  }
  if (hasContext && wantsPage(c)) return showRefusal(c, refusal);
  if (refusal.details.retryAfter !== undefined) c.header('retry-after', String(refusal.details.retryAfter));
  return c.json(refusalBody(refusal, requestId), statusOf(refusal));
};
