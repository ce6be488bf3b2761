import type { Context as HonoContext } from 'hono';
import type { AppError } from '../../errors.ts';
import { isUuid } from '../../lib/ids.ts';
import { describeError, errorData } from '../../trpc.ts';
import type { AppEnv } from '../open-context.ts';
import { statusOf } from '../respond.ts';
import { AccountView, SignOutForm } from './account-view.tsx';
import { callApi, needsSignIn, readForm, refusalOf } from './calls.ts';
import { showPage } from './layout.tsx';
import { type NoticeKey, noticeOf } from './notices.ts';
import { fieldsOf, type ProfileField, type ProfileFields } from './profile-form.tsx';
import { inWords } from './words.ts';

const PAGE = 10;

/** What a failed change adds to the page. */
interface Failure {
  readonly refusal: AppError;
  readonly values?: ProfileFields;
}

/** GET /account */
export function showAccount(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, () => account(c));
}

/** POST /account/profile: empty fields empty the profile's. */
export function saveProfile(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const values = await readForm(c, 'display_name', 'position', 'phone_number', 'time_zone', 'bio');
    const input = {
      displayName: values.display_name.trim() || null,
      position: values.position.trim() || null,
      phoneNumber: values.phone_number.trim() || null,
      timeZone: values.time_zone || null,
      // Forms send CR LF for a line's end (HTML, "constructing the entry list").
      bio: values.bio.replaceAll('\r\n', '\n').trim() || null,
    };
    return change(c, () => callApi(c.get('ctx')).account.updateProfile(input), { done: 'profile', values });
  });
}

/** POST /account/sessions/revoke */
export function revokeSession(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const { session_id: sessionId } = await readForm(c, 'session_id');
    return change(c, () => callApi(c.get('ctx')).auth.revokeSession({ sessionId }), { done: 'revoked' });
  });
}

/** POST /account/sessions/revoke-others */
export function revokeOtherSessions(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, () =>
    change(c, () => callApi(c.get('ctx')).auth.revokeOtherSessions(), { done: 'revoked_others' }),
  );
}

/** POST /account/sign-out */
export function signOut(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    await callApi(c.get('ctx')).auth.signOut();
    return c.redirect('/sign-in?done=signed_out', 303);
  });
}

/** Runs a page of a signed-in person; whoever is not, signs in and comes back. */
async function guarded(c: HonoContext<AppEnv>, run: () => Promise<Response>): Promise<Response> {
  const ctx = c.get('ctx');
  if (!ctx.credential) return c.redirect('/sign-in?redirect_url=/account', 303);
  try {
    return await run();
  } catch (error) {
    if (!needsSignIn(describeError(error))) throw error;
    ctx.cookies.clear('session');
    return c.redirect('/sign-in?redirect_url=/account&done=session_ended', 303);
  }
}

/** One trip; then a redirect, so that a reload repeats nothing. A refusal shows the page with what was typed. */
async function change(
  c: HonoContext<AppEnv>,
  call: () => Promise<unknown>,
  { done, values }: { done: NoticeKey; values?: ProfileFields },
): Promise<Response> {
  try {
    await call();
  } catch (error) {
    const refusal = refusalOf(c.get('ctx'), error);
    if (needsSignIn(refusal)) throw error;
    return account(c, { refusal, values });
  }
  return c.redirect(`/account?done=${done}`, 303);
}

/** Three trips, side by side: profile, sessions and history are three procedures with a budget of one each. */
async function account(c: HonoContext<AppEnv>, failure?: Failure): Promise<Response> {
  const api = callApi(c.get('ctx'));
  const cursor = c.req.query('cursor');
  const older = cursor !== undefined && isUuid(cursor) ? cursor : undefined;
  const [profile, sessions, history] = await Promise.all([
    api.account.getProfile(),
    api.auth.listSessions(),
    api.auth.listLoginHistory({ cursor: older, limit: PAGE }),
  ]);
  const problems = failure?.values ? problemsOf(failure.refusal) : {};
  const content = (
    <AccountView
      profile={profile}
      sessions={sessions.items}
      history={history}
      isOlder={older !== undefined}
      notice={failure ? null : noticeOf(c.req.query('done'))}
      refusal={failure && Object.keys(problems).length === 0 ? inWords(failure.refusal) : undefined}
      form={{ values: failure?.values ?? fieldsOf(profile), problems }}
    />
  );
  const page = { title: 'Your account', tools: <SignOutForm />, content };
  return showPage(c, page, failure && statusOf(failure.refusal));
}

/** What each field may hold, in words; by the names that the procedure's input has. */
const fieldWords: Readonly<Record<string, readonly [ProfileField, string]>> = {
  displayName: ['display_name', 'A name has at most 255 characters, none of them a control code.'],
  position: ['position', 'A position has at most 255 characters, none of them a control code.'],
  phoneNumber: [
    'phone_number',
    'A phone number has 3 to 50 digits, spaces, dots, dashes or brackets, such as +351 21 000 0000.',
  ],
  timeZone: ['time_zone', 'Choose a time zone of the list.'],
  bio: ['bio', 'This has at most 2000 characters.'],
};

function problemsOf(refusal: AppError): Partial<Record<ProfileField, string>> {
  const names = (errorData(refusal, '').fields ?? []).map(({ path }) => path);
  return Object.fromEntries(
    Object.entries(fieldWords).flatMap(([name, words]) => (names.includes(name) ? [words] : [])),
  );
}
