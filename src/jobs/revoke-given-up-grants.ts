import type { VaultContext } from '../context.ts';
import { revokeGrants } from '../domain/oauth/revocations.ts';

/** A batch is 24; so at most 480 a minute. */
const MAX_BATCHES = 20;

/** Tells providers of disconnected accounts. @returns how many ended, and how many wait for another try */
export async function revokeGivenUpGrants(ctx: VaultContext): Promise<{ ended: number; postponed: number }> {
  const total = { ended: 0, postponed: 0 };
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    // Until none is due.
    const { ended, postponed } = await revokeGrants(ctx);
    total.ended += ended;
    total.postponed += postponed;
    if (ended + postponed === 0) break;
  }
  return total;
}
