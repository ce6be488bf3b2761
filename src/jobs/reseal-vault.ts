import type { VaultContext } from '../context.ts';
import { resealBatch } from '../domain/oauth/reseal.ts';

/** A batch is 200 rows of each table. */
const MAX_BATCHES = 50;

/** Puts the vault under the active key, a bounded part at a time. Nothing is found when it is there already. */
export async function resealVault(ctx: VaultContext): Promise<{ resealed: number; unreadable: number }> {
  const total = { resealed: 0, unreadable: 0 };
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    // Until none is left.
    const { found, resealed, unreadable } = await resealBatch(ctx);
    total.resealed += resealed;
    total.unreadable = Math.max(total.unreadable, unreadable);
    // What does not open would be found for ever.
    if (found === 0 || found === unreadable) break;
  }
  return total;
}
