import type { GatedContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { camelKeys } from '../../lib/case.ts';
import type { CleanupInput, FindIncompleteInput } from './inputs.ts';
import type { CleanupView, IncompleteView } from './views.ts';

/**
 * One page of active integrations of anybody that lack something: `find_incomplete_integrations`, by id. One trip.
 * @throws service.not_found
 */
export async function findIncomplete(
  ctx: GatedContext,
  { service, cursor, limit }: FindIncompleteInput,
): Promise<{ items: IncompleteView[]; nextCursor: string | null }> {
  // One more than asked for tells whether there is a next page.
  const params = [service ?? null, limit + 1, cursor ?? null];
  const text = 'select * from public.find_incomplete_integrations($1, $2::integer, $3::uuid)';
  const [{ rows }] = await ctx.gate(() => [plain(text, params)]);
  const items = rows.slice(0, limit).map((row) => {
    const item = camelKeys<IncompleteView>(row);
    return { ...item, updatedAt: new Date(item.updatedAt).toISOString() };
  });
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.integrationId ?? null) : null };
}

/** Deletes integrations that hold nothing: `cleanup_orphaned_integrations`. Dry, it only says which. One trip. */
export async function cleanUp(ctx: GatedContext, { dryRun, maxRows }: CleanupInput): Promise<CleanupView> {
  const text = 'select public.cleanup_orphaned_integrations($1, $2::integer) as answer';
  const [rows] = await ctx.gate(() => [plain(text, [dryRun, maxRows])]);
  return camelKeys<CleanupView>(firstValue(rows, 'answer'));
}
