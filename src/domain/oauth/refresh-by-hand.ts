import type { GatedContext } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { getValidToken } from './get-valid-token.ts';

/**
 * Refreshes a connection now, unless it was within the last thirty seconds. A working one that cannot be refreshed
 * stays as it is.
 * @throws connection.not_found, connection.needs_reauthorization, and what `getValidToken` throws
 */
export async function refreshByHand(
  ctx: GatedContext,
  connectionId: string,
): Promise<{ expiresAt: string | null; scopes: string[] }> {
  const token = await getValidToken(ctx, { connectionId, isForced: true });
  if (token.status === 'not_connected') throw new AppError('connection.not_found');
  if (token.status === 'needs_reauthorization') throw new AppError('connection.needs_reauthorization');
  return { expiresAt: token.expiresAt, scopes: token.scopes };
}
