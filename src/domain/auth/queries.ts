import { and, desc, isNull, type SQL, sql } from 'drizzle-orm';
import type { GatedContext } from '../../context.ts';
import { ownedByUser } from '../../db/columns.ts';
import { loginHistory, userSessions } from '../../db/schema/index.ts';
import { firstValue, fixed, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import type { CurrentSession, LoginEvent, SessionView } from './schemas.ts';

/** Who is calling: the cheapest authenticated call there is. */
export async function getSession(ctx: GatedContext): Promise<CurrentSession> {
  const [rows] = await ctx.gate(() => [plain('select gatehouse.current_session() as session')]);
  const session = firstValue<CurrentSession | null>(rows, 'session');
  if (!session) throw new AppError('user.not_found');
  return { ...session, expiresAt: session.expiresAt && new Date(session.expiresAt).toISOString() };
}

const liveSessions = fixed((db) =>
  db
    .select({
      id: userSessions.id,
      authMethod: userSessions.authMethod,
      deviceType: userSessions.deviceType,
      deviceName: userSessions.deviceName,
      browser: userSessions.browser,
      os: userSessions.os,
      ipAddress: userSessions.ipAddress,
      city: userSessions.locationCity,
      country: userSessions.locationCountry,
      createdAt: userSessions.createdAt,
      lastActiveAt: userSessions.lastActiveAt,
      expiresAt: userSessions.expiresAt,
      isCurrent: sql<boolean>`${userSessions.id} = (select gatehouse.actor_id())`,
    })
    .from(userSessions)
    .where(and(ownedByUser(userSessions.userId), isLive()))
    .orderBy(desc(userSessions.lastActiveAt), desc(userSessions.id))
    .limit(100),
);

/** The subject's live sessions, the latest used first; at most 100. */
export async function listSessions(ctx: GatedContext): Promise<SessionView[]> {
  const [sessions] = await ctx.gate((db) => [liveSessions(db)]);
  return sessions;
}

function isLive(): SQL | undefined {
  return and(
    isNull(userSessions.revokedAt),
    sql`${userSessions.expiresAt} > now()`,
    sql`${userSessions.lastActiveAt} + ${userSessions.idleTimeout} > now()`,
  );
}

/** One page of the subject's sign-in history, newest first. The cursor is the id of the page's last event. */
export async function listLoginHistory(
  ctx: GatedContext,
  { cursor, limit }: { cursor?: string; limit: number },
): Promise<{ items: LoginEvent[]; nextCursor: string | null }> {
  const older = sql`(${loginHistory.createdAt}, ${loginHistory.id})
    < (select c.created_at, c.id from login_history c where c.id = ${cursor ?? null}::uuid)`;
  const [events] = await ctx.gate((db) => [
    db
      .select({
        id: loginHistory.id,
        eventType: loginHistory.eventType,
        authMethod: loginHistory.authMethod,
        ipAddress: loginHistory.ipAddress,
        deviceName: sql<string | null>`${loginHistory.deviceInfo}->>'name'`,
        city: sql<string | null>`${loginHistory.location}->>'city'`,
        country: sql<string | null>`${loginHistory.location}->>'country'`,
        success: loginHistory.success,
        failureReason: loginHistory.failureReason,
        createdAt: loginHistory.createdAt,
      })
      .from(loginHistory)
      .where(and(ownedByUser(loginHistory.userId), cursor === undefined ? undefined : older))
      .orderBy(desc(loginHistory.createdAt), desc(loginHistory.id))
      // One more than asked for tells whether there is a next page.
      .limit(limit + 1),
  ]);
  const items = events.slice(0, limit);
  return { items, nextCursor: events.length > limit ? (items.at(-1)?.id ?? null) : null };
}
