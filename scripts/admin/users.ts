import * as z from 'zod';
import type { MigrationConnection } from '../../src/db/migrate/index.ts';
import { ask } from './ask.ts';
import { Refusal, type Result } from './result.ts';

/**
 * Makes a user a platform administrator and ends the user's sessions, so that the next one gets an administrator's
 * limits. Nothing changes for one who is an administrator already.
 * @throws Refusal user.not_found, user.unverified
 */
export async function grant(connection: MigrationConnection, email: string): Promise<Result> {
  const row = z.object({ ...found, verified: z.boolean(), changed: z.boolean(), ended: z.string() });
  const user = await only(email, ask(connection, row, { query: grantQuery, params: [email] }));
  if (!user.verified) {
    throw new Refusal('user.unverified', `${user.email} is not verified: its owner signs in by mail first.`);
  }
  const ended = Number(user.ended);
  const sessions = `${ended} ${ended === 1 ? 'session was' : 'sessions were'} ended: sign in again.`;
  const line = user.changed
    ? `${user.email} is a platform administrator now. ${sessions}`
    : `${user.email} is a platform administrator already. Nothing changed.`;
  return { data: { id: user.id, email: user.email, changed: user.changed, sessionsEnded: ended }, lines: [line] };
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

/** Sessions are locked in the order of ids, as everywhere, so that two of these cannot deadlock. */
const grantQuery = `with granted as (
    update public.users set platform_role = 'admin'
     where lower(email) = lower($1) and email_verified_at is not null and platform_role <> 'admin'
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
  select u.id, u.email, u.email_verified_at is not null as verified, exists (select from granted) as changed,
         (select count(*) from ended)::text as ended
    from public.users u where lower(u.email) = lower($1)`;
