import { and, asc, eq, sql } from 'drizzle-orm';
import type { GatedContext } from '../../context.ts';
import { userIntegrations } from '../../db/schema/index.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { camelKeys } from '../../lib/case.ts';
import { own, selectIntegrations, viewOf } from './columns.ts';
import type { ListIntegrationsInput } from './inputs.ts';
import type { HasServiceView, IntegrationView, StatsView } from './views.ts';

/** One page of the subject's linked accounts, the earliest first, disconnected ones too. One trip. */
export async function listIntegrations(
  ctx: GatedContext,
  { service, cursor, limit }: ListIntegrationsInput,
): Promise<{ items: IntegrationView[]; nextCursor: string | null }> {
  const later = sql`(${userIntegrations.createdAt}, ${userIntegrations.id})
    > (select c.created_at, c.id from user_integrations c where c.id = ${cursor ?? null}::uuid)`;
  const [rows] = await ctx.gate((db) => [
    selectIntegrations(db)
      .where(
        and(
          own,
          service === undefined ? undefined : eq(userIntegrations.serviceId, service),
          cursor === undefined ? undefined : later,
        ),
      )
      .orderBy(asc(userIntegrations.createdAt), asc(userIntegrations.id))
      // One more than asked for tells whether there is a next page.
      .limit(limit + 1),
  ]);
  const items = rows.slice(0, limit).map(viewOf);
  return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null };
}

/** One linked account of the subject. One trip. @throws integration.not_found */
export async function getIntegration(ctx: GatedContext, id: string): Promise<IntegrationView> {
  const [[row]] = await ctx.gate((db) => [selectIntegrations(db).where(and(own, eq(userIntegrations.id, id)))]);
  if (!row) throw new AppError('integration.not_found');
  return viewOf(row);
}

/** Counts over the subject's linked accounts: `get_user_integration_stats`. One trip. */
export async function getStats(ctx: GatedContext): Promise<StatsView> {
  const [rows] = await ctx.gate(() => [plain('select public.get_user_integration_stats(gatehouse.uid()) as stats')]);
  const stats = camelKeys<StatsView>(firstValue(rows, 'stats'));
  return { ...stats, firstConnectedAt: isoOf(stats.firstConnectedAt), lastUpdatedAt: isoOf(stats.lastUpdatedAt) };
}

function isoOf(time: string | null): string | null {
  return time === null ? null : new Date(time).toISOString();
}

/**
 * Whether the subject has an active account of a service, and whether its token works: `user_has_service` and
 * `has_valid_token`. Of a service that does not exist nobody has one. One trip.
 */
export async function hasService(ctx: GatedContext, service: string): Promise<HasServiceView> {
  const [{ rows }] = await ctx.gate(() => [
    plain(
      `select public.user_has_service(gatehouse.uid(), $1) as "hasService",
        public.has_valid_token(gatehouse.uid(), $1) as "hasValidToken"`,
      [service],
    ),
  ]);
  return { service, hasService: rows[0]?.hasService === true, hasValidToken: rows[0]?.hasValidToken === true };
}
