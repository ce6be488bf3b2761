import { and, eq, inArray, isNull, ne, sql } from 'drizzle-orm';
import type { GatedContext } from '../../context.ts';
import { ownedByUser } from '../../db/columns.ts';
import { plain } from '../../db/statement.ts';
import { userSessions } from '../../db/schema/index.ts';
import { AppError, databaseError } from '../../errors.ts';
import { requestRecord } from './session.ts';

/**
 * Ends one of the subject's sessions. Ending an ended one succeeds; so does ending one's own a second time, when the
 * first answer was lost and the credential is already dead.
 * @throws session.not_found when the subject has no such session
 */
export async function revokeSession(ctx: GatedContext, sessionId: string): Promise<void> {
  const rows = await revoke(ctx, sessionId).catch((error: unknown) => {
    if (revokedSessionOf(error) === sessionId) return [{ id: sessionId }];
    throw error;
  });
  if (rows.length === 0) throw new AppError('session.not_found');
}

async function revoke(ctx: GatedContext, sessionId: string): Promise<{ id: string }[]> {
  const [rows] = await ctx.gate((db) => [
    db
      .update(userSessions)
      .set({ revokedAt: sql`coalesce(${userSessions.revokedAt}, now())` })
      .where(and(ownedByUser(userSessions.userId), eq(userSessions.id, sessionId)))
      .returning({ id: userSessions.id }),
  ]);
  return rows;
}

/** Ends every session of the subject but the one that asks. Locks in the order of ids, so that two cannot deadlock. */
export async function revokeOtherSessions(ctx: GatedContext): Promise<{ revoked: number }> {
  const [rows] = await ctx.gate((db) => [
    db
      .update(userSessions)
      .set({ revokedAt: sql`now()` })
      .where(
        inArray(
          userSessions.id,
          db
            .select({ id: userSessions.id })
            .from(userSessions)
            .where(
              and(
                ownedByUser(userSessions.userId),
                isNull(userSessions.revokedAt),
                ne(userSessions.id, sql`(select gatehouse.actor_id())`),
              ),
            )
            .orderBy(userSessions.id)
            .for('update'),
        ),
      )
      .returning({ id: userSessions.id }),
  ]);
  return { revoked: rows.length };
}

/** Ends the session that asks, and forgets its cookie. Succeeds when it is already ended. */
export async function signOut(ctx: GatedContext): Promise<void> {
  const facts = JSON.stringify(requestRecord(ctx));
  await ctx
    .gate(() => [plain('select from gatehouse.end_session($1::jsonb)', [facts])])
    .catch((error: unknown) => {
      if (revokedSessionOf(error) === null) throw error;
    });
  ctx.cookies.clear('session');
}

/** The id of the revoked session that the gate refused, or null when the error is another one. */
function revokedSessionOf(error: unknown): string | null {
  if (!(error instanceof AppError) || error.code !== 'session.revoked') return null;
  return databaseError(error.details.cause)?.detail ?? null;
}
