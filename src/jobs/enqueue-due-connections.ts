import type { VaultContext } from '../context.ts';
import { firstValue, plain } from '../db/statement.ts';
import type { RefreshMessage } from '../domain/oauth/vault-message.ts';

/** Connections a message: what one consumer refreshes, six at a time, within one lease. */
export const BATCH = 50;
/** Messages a run, claimed by two: 20,000 connections a minute, 1.2 million an hour. */
const MAX_CLAIMS = 200;
const CLAIM = 2 * BATCH;

/**
 * Claims connections that are due and hands them to the queue. The claim is a visibility timeout on the row: a message
 * that is lost costs three minutes. @returns how many connections, in how many messages
 */
export async function enqueueDueConnections(ctx: VaultContext): Promise<{ connections: number; messages: number }> {
  const counts = { connections: 0, messages: 0 };
  for (let claim = 0; claim < MAX_CLAIMS; claim += 1) {
    // The next claim begins where this one ended.
    const [result] = await ctx.systemGate(() => [plain('select gatehouse.claim_due($1) as claimed', [CLAIM])]);
    const rows = firstValue<RefreshMessage['rows']>(result, 'claimed');
    const messages = [];
    for (let at = 0; at < rows.length; at += BATCH)
      messages.push({ kind: 'refresh', rows: rows.slice(at, at + BATCH) } as const);
    if (messages.length > 0) await ctx.bindings.REFRESH_QUEUE.sendBatch(messages.map((body) => ({ body })));
    counts.connections += rows.length;
    counts.messages += messages.length;
    if (rows.length < CLAIM) break;
  }
  return counts;
}
