import * as z from 'zod';
import type { MigrationConnection } from '../../src/db/migrate/index.ts';
import { ask, isoTime } from './ask.ts';
import { Refusal, type Result } from './result.ts';

/**
 * Makes a user a platform administrator and ends the user's sessions, so that the next one gets an administrator's
 * limits. Nothing changes for one who is an administrator already. Whoever reads the mails of an address may have been
 * given it: so it says whose account this is, and an address that was never proven, or is new to the account, takes the
 * account's own id as well.
 * @throws Refusal user.not_found, user.mismatch, user.unverified, user.recently_changed
 */
export async function grant(connection: MigrationConnection, email: string, userId?: string): Promise<Result> {
  const user = await only(email, ask(connection, grantRow, { query: grantQuery, params: [email, userId ?? null] }));
  const account = describe(user);
  if (userId !== undefined && userId !== user.id) {
    throw new Refusal('user.mismatch', `${user.email} is not the address of the user ${userId}. ${account.join(' ')}`);
  }
  const hint = `${account.join(' ')} If that is who you mean: --user ${user.id}`;
  if (!user.allowed && user.provenAt === null) {
    throw new Refusal('user.unverified', `${user.email} is not verified: its owner signs in by mail first. ${hint}`);
  }
  if (!user.allowed) {
    const since = `is the address of this account since ${user.changedAt}, for less than seven days`;
    throw new Refusal('user.recently_changed', `${user.email} ${since}. ${hint}`);
  }
  const ended = Number(user.ended);
  const sessions = `${ended} ${ended === 1 ? 'session was' : 'sessions were'} ended: sign in again.`;
  const line = user.changed
    ? `${user.email} is a platform administrator now. ${sessions}`
    : `${user.email} is a platform administrator already. Nothing changed.`;
  const { id, displayName, createdAt, provenAt, changed } = user;
  const data = { id, email: user.email, displayName, createdAt, provenAt, changed, sessionsEnded: ended };
  return { data, lines: [...account, line] };
}

const grantRow = z.object({
  id: z.string(),
  email: z.string(),
  displayName: z.string().nullable(),
  createdAt: z.string(),
  provenAt: z.string().nullable(),
  changedAt: z.string().nullable(),
  sessions: z.string(),
  allowed: z.boolean(),
  changed: z.boolean(),
  ended: z.string(),
});

/** The account, for the one who decides. */
function describe(user: z.infer<typeof grantRow>): string[] {
  const name = user.displayName === null ? 'without a name' : JSON.stringify(user.displayName);
  const sessions = `${user.sessions} live ${user.sessions === '1' ? 'session' : 'sessions'}`;
  return [
    `The account is ${user.id}, ${name}, made ${user.createdAt}.`,
    `Its address was ${user.provenAt === null ? 'never proven' : `proven ${user.provenAt}`}; ${sessions}.`,
  ];
}

/**
 * Makes an administrator a user like any other. The role is read at every call, so it holds at once.
 * @throws Refusal user.not_found
 */
export async function revoke(connection: MigrationConnection, email: string): Promise<Result> {
  const change = `update public.users set platform_role = 'user' where lower(email) = lower($1) and platform_role = 'admin'`;
  return changeUser(connection, { email, change, done: 'is no platform administrator any more', not: 'is none' });
}

/**
 * Suspends a user: the gate refuses every session and token of theirs from the next call on.
 * @throws Refusal user.not_found
 */
export async function suspend(connection: MigrationConnection, email: string): Promise<Result> {
  const change = 'update public.users set suspended_at = now() where lower(email) = lower($1) and suspended_at is null';
  return changeUser(connection, { email, change, done: 'is suspended now', not: 'is suspended already' });
}

/**
 * Ends a suspension. Sessions and tokens that have neither expired nor been revoked work again.
 * @throws Refusal user.not_found
 */
export async function unsuspend(connection: MigrationConnection, email: string): Promise<Result> {
  const change =
    'update public.users set suspended_at = null where lower(email) = lower($1) and suspended_at is not null';
  return changeUser(connection, { email, change, done: 'is not suspended any more', not: 'is not suspended' });
}

interface Change {
  readonly email: string;
  /** Updates the user of the address `$1`, unless it is already so. */
  readonly change: string;
  readonly done: string;
  readonly not: string;
}

async function changeUser(connection: MigrationConnection, { email, change, done, not }: Change): Promise<Result> {
  const query = `with changed as (${change} returning id)
    select u.id, u.email, exists (select from changed) as changed from public.users u where lower(u.email) = lower($1)`;
  const row = z.object({ ...found, changed: z.boolean() });
  const user = await only(email, ask(connection, row, { query, params: [email] }));
  const line = user.changed ? `${user.email} ${done}.` : `${user.email} ${not}. Nothing changed.`;
  return { data: user, lines: [line] };
}

const found = { id: z.string(), email: z.string() };

async function only<T>(email: string, rows: Promise<T[]>): Promise<T> {
  const [user] = await rows;
  if (user === undefined) throw new Refusal('user.not_found', `There is no user with the address ${email}.`);
  return user;
}

/**
 * `$1` the address, `$2` the id of the account that is meant, or null. Sessions are locked in the order of ids, as
 * everywhere, so that two of these cannot deadlock.
 */
const grantQuery = `with found as (
    select u.id, u.email, u.display_name, u.created_at, u.email_verified_at, c.created_at as changed_at,
           case when $2::text is null then u.email_verified_at is not null and c.created_at is null
             else $2::text = u.id end as allowed
      from public.users u
      left join lateral (select max(e.created_at) as created_at from public.email_changes e
        where e.user_id = u.id and e.undone_at is null and e.created_at > now() - interval '7 days') c on true
     where lower(u.email) = lower($1)
  ), granted as (
    update public.users set platform_role = 'admin'
     where id in (select f.id from found f where f.allowed) and platform_role <> 'admin'
    returning id
  ), ended as (
    update public.user_sessions set revoked_at = now() where id in (
      select s.id from public.user_sessions s
       where s.user_id in (select id from granted) and s.revoked_at is null and s.expires_at > now()
       order by s.id for update)
    returning user_id
  ), noted as (
    insert into public.login_history (user_id, event_type, success)
    select distinct user_id, 'session_revoked', true from ended
  )
  select f.id, f.email, f.display_name as "displayName", ${isoTime('f.created_at')} as "createdAt",
         ${isoTime('f.email_verified_at')} as "provenAt", ${isoTime('f.changed_at')} as "changedAt",
         (select count(*) from public.user_sessions s
           where s.user_id = f.id and s.revoked_at is null and s.expires_at > now())::text as sessions,
         f.allowed, exists (select from granted) as changed, (select count(*) from ended)::text as ended
    from found f`;
