import { and, eq } from 'drizzle-orm';
import type { GatedContext } from '../../context.ts';
import { userIntegrations } from '../../db/schema/index.ts';
import { firstValue, plain, type PlainStatement } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { own, selectIntegrations, viewOf } from './columns.ts';
import type { UpdateIntegrationInput } from './inputs.ts';
import type { IntegrationView } from './views.ts';

/**
 * Changes the given fields of a linked account and answers the whole of it. `metadata.primary`, the flag that
 * requirement 1 names, is the same as `isPrimary`. One trip.
 * @throws integration.not_found, service.inactive
 */
export async function updateIntegration(ctx: GatedContext, input: UpdateIntegrationInput): Promise<IntegrationView> {
  const { integrationId, metadata } = input;
  const flag = metadata?.primary;
  const change = changeStatement({
    id: integrationId,
    event_id: await ctx.operation.id('event'),
    display_label: input.displayLabel,
    external_username: input.externalUsername,
    metadata,
    is_active: input.isActive,
    is_primary: input.isPrimary ?? (typeof flag === 'boolean' ? flag : undefined),
  });
  const [changed, [row]] = await ctx.gate((db) => [
    change,
    selectIntegrations(db).where(and(own, eq(userIntegrations.id, integrationId))),
  ]);
  refuseUnlessDone(firstValue(changed, 'outcome'));
  if (!row) throw new AppError('integration.not_found');
  return viewOf(row);
}

/**
 * Disconnects a linked account softly: it stays, not active, and its grant with it, for linking it again. One that is
 * disconnected already is. One trip.
 * @throws integration.not_found
 */
export async function unlinkIntegration(
  ctx: GatedContext,
  { integrationId }: { readonly integrationId: string },
): Promise<void> {
  const change = { id: integrationId, event_id: await ctx.operation.id('event'), is_active: false };
  const [changed] = await ctx.gate(() => [changeStatement(change)]);
  refuseUnlessDone(firstValue(changed, 'outcome'));
}

/** Keys without a value are left out by JSON, and what they name stays. */
function changeStatement(change: object): PlainStatement {
  return plain(
    `select gatehouse.update_integration($1::jsonb || jsonb_build_object('user_id', gatehouse.uid())) as outcome`,
    [JSON.stringify(change)],
  );
}

function refuseUnlessDone(outcome: string): void {
  if (outcome !== 'done') throw new AppError(outcome as ErrorCode);
}
