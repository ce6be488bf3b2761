import type { VaultContext } from '../context.ts';
import { resealBatch } from '../domain/oauth/reseal.ts';
import { FIRST_ID, plainTables, sealPlainBatch } from '../domain/oauth/seal-plain.ts';

/** A batch is 200 rows, or 4 MiB of values. */
const MAX_BATCHES = 50;

/**
 * Seals what SQL clients brought as text, if the deployment says so, and puts the rest under the active key: a bounded
 * part at a time. Nothing is found when all is so already. Rows that cannot be worked on are set aside, with evidence in
 * `job_failures`, and tried again later: they hold up nobody.
 */
export async function resealVault(
  ctx: VaultContext,
): Promise<{ sealed: number; resealed: number; unreadable: number }> {
  const total = { sealed: 0, resealed: 0, unreadable: 0 };
  if (ctx.settings.sealSqlValues) {
    for (const table of plainTables) {
      // One after the other: they share the run's time.
      const { sealed, unreadable } = await sealTable(ctx, table);
      total.sealed += sealed;
      total.unreadable += unreadable;
    }
  }
  const seen = new Set<string>();
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    // Until none is left: each row that is found is changed, or set aside.
    const { found, resealed, unreadable } = await resealBatch(ctx, seen);
    total.resealed += resealed;
    total.unreadable += unreadable;
    if (found === 0) break;
  }
  return total;
}

async function sealTable(
  ctx: VaultContext,
  table: (typeof plainTables)[number],
): Promise<{ sealed: number; unreadable: number }> {
  const total = { sealed: 0, unreadable: 0 };
  let after = FIRST_ID;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    // By id, so that no row is seen twice in a run.
    const { found, resealed, unreadable, last } = await sealPlainBatch(ctx, table, after);
    total.sealed += resealed;
    total.unreadable += unreadable;
    if (found === 0) break;
    after = last;
  }
  return total;
}
