import type { Context as HonoContext } from 'hono';
import type { AppError } from '../../errors.ts';
import { isUuid } from '../../lib/ids.ts';
import { randomSecret } from '../../lib/secrets.ts';
import type { AppEnv } from '../open-context.ts';
import { statusOf } from '../respond.ts';
import { AccountView, accountParts, type Section, SignOutForm, type Typed } from './account-view.tsx';
import { callApi, needsSignIn, refusalOf } from './calls.ts';
import { guarded, stepUpFor } from './guard.ts';
import { showPage } from './layout.tsx';
import { type NoticeKey, noticeOf } from './notices.ts';
import { problemOf } from './problems.ts';
import { inWords } from './words.ts';

const PAGE = 10;
/** The card counts as many; who has more looks at their own page. */
const LINKED = 100;

/** A change that was refused: where on the page it belongs, and the fields that were typed, with what is wrong. */
interface Failure {
  readonly refusal: AppError;
  readonly section: Section;
  readonly typed?: Typed;
}

/** GET /account */
export function showAccount(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, () => accountPage(c));
}

/**
 * Runs a change of the account, one trip; then a redirect, so that a reload repeats nothing. A refusal shows the page
 * with what was typed; one that asks for a new proof leads to /step-up.
 * @param where the part of the page that it belongs to, and what its fields show once it is refused
 * @param run answers what the page says afterwards, or a page of its own
 */
export async function change(
  c: HonoContext<AppEnv>,
  where: { readonly section: Section; readonly typed?: (refusal: AppError) => Typed },
  run: () => Promise<NoticeKey | Response>,
): Promise<Response> {
  try {
    const done = await run();
    return typeof done === 'string' ? c.redirect(`/account?done=${done}`, 303) : done;
  } catch (error) {
    const refusal = refusalOf(c.get('ctx'), error);
    if (needsSignIn(refusal)) throw error;
    const stepUp = stepUpFor(refusal);
    if (stepUp) return c.redirect(stepUp, 303);
    return accountPage(c, { refusal, section: where.section, typed: where.typed?.(refusal) });
  }
}

/** Eight trips side by side, and one more for which the profile's id is needed: a budget of one for each procedure. */
async function accountPage(c: HonoContext<AppEnv>, failure?: Failure): Promise<Response> {
  const api = callApi(c.get('ctx'));
  const cursor = c.req.query('cursor');
  const older = cursor !== undefined && isUuid(cursor) ? cursor : undefined;
  const reading = api.account.getProfile();
  const [profile, passkeys, accounts, sessions, tokens, history, providers, connectors, integrations, connections] =
    await Promise.all([
      reading,
      api.auth.listPasskeys(),
      api.auth.listSocialAccounts(),
      api.auth.listSessions(),
      api.auth.listTokens(),
      api.auth.listLoginHistory({ cursor: older, limit: PAGE }),
      api.auth.listProviders(),
      api.oauth.connectors.list(),
      api.integrations.list({ userId: 'me', limit: LINKED }),
      reading.then(({ id }) => api.oauth.connections.list({ userId: id })),
    ]);
  const state = {
    profile,
    passkeys: passkeys.items,
    accounts: accounts.items,
    providers: providers.items,
    connectors: connectors.items,
    connections: connections.items,
    integrations,
    sessions: sessions.items,
    tokens: tokens.items,
    history: { ...history, isOlder: older !== undefined },
  };
  const content = (
    <AccountView
      {...state}
      nonce={randomSecret()}
      notice={failure ? null : noticeOf(c.req.query('done'))}
      problem={failure ? wordsOf(failure) : returned(c)}
      typed={failure?.typed}
    />
  );
  const page = { title: 'Your account', tools: <SignOutForm />, parts: accountParts(state), content };
  if (failure?.refusal.details.retryAfter !== undefined) {
    c.header('retry-after', String(failure.refusal.details.retryAfter));
  }
  return showPage(c, { ...page, script: 'account' }, failure && statusOf(failure.refusal));
}

/** What stands at the part's head; nothing where fields say it. */
function wordsOf({ refusal, section, typed }: Failure) {
  const isSaid = Object.values(typed ?? {}).some(({ problems }) => Object.keys(problems).length > 0);
  if (isSaid) return null;
  // A form that nobody typed so: the procedure's own sentence names fields that no page has.
  const text = refusal.code === 'input.invalid' ? (formWords[section] ?? formWords.other) : inWords(refusal);
  return { section, text };
}

const formWords: Readonly<Record<string, string>> & { readonly other: string } = {
  passkeys: 'A name has 1 to 120 characters, none of them a control code.',
  other: 'That could not be read. Try again with the form as it stands here.',
};

/** What the way back from a provider ended in. */
function returned(c: HonoContext<AppEnv>) {
  const text = problemOf(c.req.query('problem'));
  return text === null ? null : { section: 'providers' as const, text };
}
