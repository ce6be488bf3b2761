import type { Context as HonoContext } from 'hono';
import type { AppError } from '../../errors.ts';
import { isUuid } from '../../lib/ids.ts';
import { randomSecret } from '../../lib/secrets.ts';
import type { AppEnv } from '../open-context.ts';
import { statusOf } from '../respond.ts';
import { SignOutForm } from './account-view.tsx';
import { callApi, needsSignIn, refusalOf } from './calls.ts';
import { guarded, stepUpFor } from './guard.ts';
import { type IntegrationsState, IntegrationsView, integrationsParts } from './integrations-view.tsx';
import { showPage } from './layout.tsx';
import { type NoticeKey, noticeOf } from './notices.ts';
import { connectProblemOf } from './problems.ts';
import { inWords } from './words.ts';

const HOME = '/integrations';
const PAGE = 100;

type Typed = IntegrationsState['typed'];

/** A change that was refused, and the form as it was typed. */
interface Failure {
  readonly refusal: AppError;
  readonly typed?: Typed;
}

/** `guarded`, for this page: whoever signs in first comes back to it. */
export function guardedHere(c: HonoContext<AppEnv>, run: () => Response | Promise<Response>): Promise<Response> {
  return guarded(c, run, 'integrations');
}

/** GET /integrations */
export function showIntegrations(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, () => listPage(c));
}

/**
 * Runs a change of linked services, as `change` does for the rest of the account; what asks for a new proof comes back
 * here.
 * @param typed what the page's forms show once it is refused
 * @param run answers what the page says afterwards, or a page of its own
 */
export async function changeIntegration(
  c: HonoContext<AppEnv>,
  { typed }: { readonly typed?: (refusal: AppError) => Typed },
  run: () => Promise<NoticeKey | Response>,
): Promise<Response> {
  try {
    const done = await run();
    return typeof done === 'string' ? c.redirect(`${HOME}?done=${done}`, 303) : done;
  } catch (error) {
    const refusal = refusalOf(c.get('ctx'), error);
    if (needsSignIn(refusal)) throw error;
    const stepUp = stepUpFor(refusal, HOME);
    if (stepUp) return c.redirect(stepUp, 303);
    return listPage(c, { refusal, typed: typed?.(refusal) });
  }
}

/** Three trips side by side: a budget of one for each procedure. */
async function listPage(c: HonoContext<AppEnv>, failure?: Failure): Promise<Response> {
  const ctx = c.get('ctx');
  const api = callApi(ctx);
  const [profile, services, linked] = await Promise.all([
    api.account.getProfile(),
    api.integrations.services(),
    api.integrations.list({ userId: 'me', limit: PAGE, cursor: cursorOf(c) }),
  ]);
  const content = (
    <IntegrationsView
      services={services.items}
      accounts={linked.items}
      nextCursor={linked.nextCursor}
      productName={ctx.settings.productName}
      timeZone={profile.timeZone ?? 'UTC'}
      nonce={randomSecret()}
      notice={failure ? null : noticeOf(c.req.query('done'))}
      problem={failure ? problemOf(failure) : connectProblemOf(c.req.query('problem'))}
      typed={failure?.typed}
    />
  );
  const retryAfter = failure?.refusal.details.retryAfter;
  if (retryAfter !== undefined) c.header('retry-after', String(retryAfter));
  const page = { title: 'Integrations', parts: integrationsParts(linked.items), tools: <SignOutForm />, content };
  return showPage(c, page, failure && statusOf(failure.refusal));
}

function cursorOf(c: HonoContext<AppEnv>): string | undefined {
  const cursor = c.req.query('cursor');
  return cursor !== undefined && isUuid(cursor) ? cursor : undefined;
}

/** What stands at the page's head; nothing where a field says it. */
function problemOf({ refusal, typed }: Failure): string | null {
  if (typed) return null;
  // A form that nobody typed so: the procedure's own sentence names fields that no page has.
  return refusal.code === 'input.invalid' ? 'That could not be read. Try again with the form here.' : inWords(refusal);
}
