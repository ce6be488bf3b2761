import type { VaultContext } from '../context.ts';
import { identifyBatch } from '../domain/oauth/identify.ts';

/** A batch is 24 connections of two requests each; an invocation on Workers has a thousand. */
const MAX_BATCHES = 20;

/** Asks providers whose accounts the grants are of that somebody brought. @returns what became of them */
export async function identifyAccounts(
  ctx: VaultContext,
): Promise<{ identified: number; postponed: number; unknown: number }> {
  const total = { identified: 0, postponed: 0, unknown: 0 };
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    // Until none is due.
    const { identified, postponed, unknown } = await identifyBatch(ctx);
    total.identified += identified;
    total.postponed += postponed;
    total.unknown += unknown;
    if (identified + postponed + unknown === 0) break;
  }
  return total;
}
