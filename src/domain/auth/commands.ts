import type { GatedContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError, databaseError } from '../../errors.ts';
import { newChange } from './changes.ts';

/**
 * Ends one of the subject's sessions. Ending an ended one succeeds; so does ending one's own a second time, when the
 * first answer was lost and the credential is already dead.
 * @throws session.not_found when the subject has no such session
 */
export async function revokeSession(ctx: GatedContext, sessionId: string): Promise<void> {
  const facts = await factsOf(ctx);
  const isThere = await ctx
    .gate(() => [plain('select gatehouse.revoke_session($1::uuid, $2::jsonb) as found', [sessionId, facts])])
    .then(([rows]) => firstValue<boolean>(rows, 'found'))
    .catch((error: unknown) => {
      if (revokedSessionOf(error) === sessionId) return true;
      throw error;
    });
  if (!isThere) throw new AppError('session.not_found');
}

/** Ends every session of the subject but the one that asks; how many that were. */
export async function revokeOtherSessions(ctx: GatedContext): Promise<{ revoked: number }> {
  const facts = await factsOf(ctx);
  const [rows] = await ctx.gate(() => [plain('select gatehouse.revoke_other_sessions($1::jsonb) as revoked', [facts])]);
  return { revoked: firstValue<number>(rows, 'revoked') };
}

/** Ends the session that asks, and forgets its cookie. Succeeds when it is already ended. */
export async function signOut(ctx: GatedContext): Promise<void> {
  const facts = await factsOf(ctx);
  await ctx
    .gate(() => [plain('select from gatehouse.end_session($1::jsonb)', [facts])])
    .catch((error: unknown) => {
      if (revokedSessionOf(error) === null) throw error;
    });
  ctx.cookies.clear('session');
}

async function factsOf(ctx: GatedContext): Promise<string> {
  return JSON.stringify((await newChange(ctx, null)).facts);
}

/** The id of the revoked session that the gate refused, or null when the error is another one. */
function revokedSessionOf(error: unknown): string | null {
  if (!(error instanceof AppError) || error.code !== 'session.revoked') return null;
  return databaseError(error.details.cause)?.detail ?? null;
}
