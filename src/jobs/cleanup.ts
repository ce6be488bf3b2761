import type { VaultContext } from '../context.ts';
import { firstValue, plain } from '../db/statement.ts';

/** Every table that expires: what `gatehouse.cleanup_batch` knows. */
export const expiringTables = [
  'user_sessions',
  'magic_links',
  'login_history',
  'api_tokens',
  'outbox',
  'oauth_states',
  'spent_challenges',
  'security_alerts',
  'known_devices',
  'email_changes',
  'connection_events',
  'idempotency_keys',
] as const;

const BATCH = 1_000;
const MAX_BATCHES = 20;

/**
 * Deletes what is past its grace, at most 20,000 rows of each table in one run, a batch a transaction: the next run
 * goes on. @returns how many rows of each table
 */
export async function cleanup(ctx: VaultContext): Promise<Record<string, number>> {
  const deleted: Record<string, number> = {};
  for (const table of expiringTables) deleted[table] = await cleanupTable(ctx, table);
  return deleted;
}

async function cleanupTable(ctx: VaultContext, table: string): Promise<number> {
  let total = 0;
  for (let batch = 0; batch < MAX_BATCHES; batch += 1) {
    const [rows] = await ctx.systemGate(() => [
      plain('select gatehouse.cleanup_batch($1, $2) as deleted', [table, BATCH]),
    ]);
    const deleted = firstValue<number>(rows, 'deleted');
    total += deleted;
    if (deleted < BATCH) break;
  }
  return total;
}
