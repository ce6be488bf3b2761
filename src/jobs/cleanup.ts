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
  'job_failures',
  'connector_breakers',
] as const;

const BATCH = 1_000;
/** In one run, of all tables: 200,000 rows, far more than anybody makes in ten minutes. */
const MAX_BATCHES = 200;
/** Then the next run goes on, ten minutes later. */
const DEADLINE_MS = 20_000;

/**
 * Deletes what is past its grace, a batch of each table in turn, a batch a transaction, 200 of them and twenty seconds at
 * most: much of one table holds up no other, and the next run goes on. @returns how many rows of each table
 */
export async function cleanup(ctx: VaultContext): Promise<Record<string, number>> {
  const deleted: Record<string, number> = Object.fromEntries(expiringTables.map((table) => [table, 0]));
  const endsAt = Date.now() + DEADLINE_MS;
  let left: readonly string[] = expiringTables;
  for (let batches = 0; left.length > 0;) {
    const more: string[] = [];
    for (const table of left) {
      if (batches === MAX_BATCHES || Date.now() > endsAt) return deleted;
      batches += 1;
      const count = await cleanupBatch(ctx, table);
      deleted[table] = (deleted[table] ?? 0) + count;
      if (count === BATCH) more.push(table);
    }
    left = more;
  }
  return deleted;
}

async function cleanupBatch(ctx: VaultContext, table: string): Promise<number> {
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.cleanup_batch($1, $2) as deleted', [table, BATCH]),
  ]);
  return firstValue<number>(rows, 'deleted');
}
