import type { Context as HonoContext } from 'hono';
import { AppError } from '../../errors.ts';
import { isUuid } from '../../lib/ids.ts';
import { randomSecret } from '../../lib/secrets.ts';
import { describeError } from '../../trpc.ts';
import type { AppEnv } from '../open-context.ts';
import { statusOf } from '../respond.ts';
import { SignOutForm } from './account-view.tsx';
import { callApi, needsSignIn, refusalOf } from './calls.ts';
import type { ConnectFormState } from './connect-form.tsx';
import { ConnectionPage, connectionParts } from './connection-view.tsx';
import { ConnectionsView, connectionsParts } from './connections-view.tsx';
import { guarded, stepUpFor } from './guard.ts';
import { type Page, showPage } from './layout.tsx';
import { type NoticeKey, noticeOf } from './notices.ts';
import { connectProblemOf } from './problems.ts';
import { inWords } from './words.ts';

const HOME = '/account/connections';

/** A change that was refused, and the form as it was typed. */
interface Failure {
  readonly refusal: AppError;
  readonly typed?: ConnectFormState;
}

/** `guarded`, for these pages: whoever signs in first comes back to them. */
export function guardedHere(c: HonoContext<AppEnv>, run: () => Response | Promise<Response>): Promise<Response> {
  return guarded(c, run, 'connections');
}

/** GET /account/connections. Two trips: who it is, then what they connected. */
export function showConnections(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, () => listPage(c));
}

/** GET /account/connections/<id>. Two trips. One that is not there is told on the list. */
export function showConnection(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, () => onePage(c, c.req.param('id') ?? ''));
}

/**
 * Runs a change of connections, as `change` does for the rest of the account; what asks for a new proof comes back here.
 * @param where the connection that it is about, whose page then shows a refusal; without one, the list; and the form as
 *   typed, once it is refused
 * @param run answers what the page says afterwards, or a page of its own. After `disconnected` that page is the list
 */
export async function changeConnection(
  c: HonoContext<AppEnv>,
  where: { readonly id?: string; readonly typed?: (refusal: AppError) => ConnectFormState | undefined },
  run: () => Promise<NoticeKey | Response>,
): Promise<Response> {
  const { id } = where;
  try {
    const done = await run();
    if (typeof done !== 'string') return done;
    return c.redirect(`${id && done !== 'disconnected' ? `${HOME}/${id}` : HOME}?done=${done}`, 303);
  } catch (error) {
    const refusal = refusalOf(c.get('ctx'), error);
    if (needsSignIn(refusal)) throw error;
    const stepUp = stepUpFor(refusal, id ? `${HOME}/${id}` : HOME);
    if (stepUp) return c.redirect(stepUp, 303);
    const failure = { refusal, typed: where.typed?.(refusal) };
    return id ? onePage(c, id, failure) : listPage(c, failure);
  }
}

/** The id of who is signed in, which the API's calls about connections name. One trip. */
export async function ownId(c: HonoContext<AppEnv>): Promise<string> {
  return (await callApi(c.get('ctx')).account.getProfile()).id;
}

async function listPage(c: HonoContext<AppEnv>, failure?: Failure): Promise<Response> {
  const ctx = c.get('ctx');
  const { account, oauth } = callApi(ctx);
  const [profile, connectors] = await Promise.all([account.getProfile(), oauth.connectors.list()]);
  const connections = await oauth.connections.list({ userId: profile.id });
  const content = (
    <ConnectionsView
      connections={connections.items}
      connectors={connectors.items}
      productName={ctx.settings.productName}
      timeZone={profile.timeZone ?? 'UTC'}
      typed={failure?.typed}
      {...saying(c, failure)}
    />
  );
  return respond(c, { title: 'Connections', parts: connectionsParts, content }, failure);
}

async function onePage(c: HonoContext<AppEnv>, id: string, failure?: Failure): Promise<Response> {
  const { account, oauth } = callApi(c.get('ctx'));
  if (!isUuid(id)) return listPage(c, { refusal: new AppError('connection.not_found') });
  const [profile, connectors] = await Promise.all([account.getProfile(), oauth.connectors.list()]);
  const whose = { userId: profile.id };
  try {
    const [explained, connections] = await Promise.all([
      oauth.connections.explain({ ...whose, connectionId: id }),
      oauth.connections.list(whose),
    ]);
    const { connector: name } = explained.connection;
    const content = (
      <ConnectionPage
        explained={explained}
        isOneOf={connections.items.filter(({ connector }) => connector === name)}
        connector={connectors.items.find((connector) => connector.name === name) ?? null}
        timeZone={profile.timeZone ?? 'UTC'}
        ownerId={profile.id}
        {...saying(c, failure)}
      />
    );
    return await respond(c, { title: 'Connection', parts: connectionParts, content }, failure);
  } catch (error) {
    const refusal = describeError(error);
    if (refusal.code !== 'connection.not_found') throw error;
    return listPage(c, { refusal });
  }
}

/** What stands at a page's head; nothing where a field says it. */
function saying(c: HonoContext<AppEnv>, failure: Failure | undefined) {
  const nonce = randomSecret();
  if (!failure) {
    return { nonce, notice: noticeOf(c.req.query('done')), problem: connectProblemOf(c.req.query('problem')) };
  }
  return { nonce, notice: null, problem: failure.typed ? null : wordsOf(failure.refusal) };
}

/** A form that nobody typed so: the procedure's own sentence names fields that no page has. */
function wordsOf(refusal: AppError): string {
  return refusal.code === 'input.invalid' ? 'That could not be read. Try again with the form here.' : inWords(refusal);
}

function respond(
  c: HonoContext<AppEnv>,
  page: Omit<Page, 'tools'>,
  failure: Failure | undefined,
): Response | Promise<Response> {
  const retryAfter = failure?.refusal.details.retryAfter;
  if (retryAfter !== undefined) c.header('retry-after', String(retryAfter));
  return showPage(c, { ...page, tools: <SignOutForm /> }, failure && statusOf(failure.refusal));
}
