import type { Context as HonoContext, ErrorHandler, Handler } from 'hono';
import { AppError } from '../../errors.ts';
import { describeError } from '../../trpc.ts';
import { logLine, safeDetail } from '../log.ts';
import type { AppEnv } from '../open-context.ts';
import { statusOf } from '../respond.ts';
import { showPage } from './layout.tsx';
import { inWords } from './words.ts';

const PROGRAMS = /^\/(trpc|v1)\/|\.json$/;

/** Whether the caller is somebody at a browser rather than a program: programs get JSON, whatever they accept. */
export function wantsPage(c: HonoContext<AppEnv>): boolean {
  return !PROGRAMS.test(c.req.path) && (c.req.header('accept') ?? '').includes('text/html');
}

/** A refusal or a failure of ours as a page: in words, with the request's id, without a stack. */
export const showError: ErrorHandler<AppEnv> = (error, c) => {
  if (!wantsPage(c)) throw error;
  const ctx = c.get('ctx');
  const refusal = describeError(error);
  if (refusal.code === 'internal.error' || refusal.code === 'gate.misused') {
    logLine({ event: 'page.failed', level: 'error', requestId: ctx.facts.requestId, detail: safeDetail(error) });
  }
  return showRefusal(c, refusal);
};

/** The page that a refusal is. `app.onError` may answer browsers with it too. */
export function showRefusal(c: HonoContext<AppEnv>, refusal: AppError): Response | Promise<Response> {
  const { requestId } = c.get('ctx').facts;
  const title = titles[refusal.code] ?? (statusOf(refusal) >= 500 ? 'Something went wrong' : 'That did not work');
  if (refusal.details.retryAfter !== undefined) c.header('retry-after', String(refusal.details.retryAfter));
  const content = (
    <>
      <h1>{title}</h1>
      <p>{pageWords[refusal.code] ?? inWords(refusal)}</p>
      <p>
        <a href="/account">Go to your account</a>
      </p>
      <p class="small soft">
        Request <code>{requestId}</code>
      </p>
    </>
  );
  return showPage(c, { title, content }, statusOf(refusal));
}

/** Answers browsers that ask for an address which is nobody's; programs go on to the API's own refusal. */
export const notFound: Handler<AppEnv> = (c, next) =>
  wantsPage(c) ? showRefusal(c, new AppError('route.not_found')) : next();

const titles: Partial<Record<AppError['code'], string>> = {
  'route.not_found': 'There is nothing here',
  'rate_limit.exceeded': 'A moment, please',
  'service.unavailable': 'We cannot answer just now',
  'database.timeout': 'We cannot answer just now',
  'user.suspended': 'Your account is suspended',
};

const pageWords: Partial<Record<AppError['code'], string>> = {
  'route.not_found': 'The address has no page. It may have been typed wrongly, or the page is gone.',
  'service.unavailable': 'Nothing is lost. Try again in a moment.',
  'database.timeout': 'Nothing is lost. Try again in a moment.',
  'internal.error': 'Something went wrong on our side. Try again; if it stays, tell us the number of the request.',
};
