import { and, desc, eq, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { GatedContext } from '../../context.ts';
import { userIntegrations } from '../../db/schema/index.ts';
import { firstValue, plain, type PlainStatement } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { own, selectIntegrations, viewOf } from './columns.ts';
import type { LinkInput } from './inputs.ts';
import { hasSecrets, linkRow } from './link-row.ts';
import { learnConnectors } from './service-connectors.ts';
import type { IntegrationView } from './views.ts';

/**
 * Links an account of a service, or links it again: what is not given stays. By tokens and ids, sealed before they
 * leave; or by the grant of a connected account. Sent again it links nothing: it shows what it linked, as that is now.
 * One trip; with `me` and something to seal two.
 * @throws service.not_found, service.inactive, integration.incomplete, integration.conflict, connection.not_found,
 *   user.not_found, idempotency_key.reused; integration.not_found when it was linked by this call and is gone since
 */
export async function linkIntegration(
  ctx: GatedContext,
  { userId, connectionId, ...link }: LinkInput & { readonly userId: string },
): Promise<IntegrationView> {
  const eventId = await ctx.operation.id('event');
  const { serviceId, externalUserId, displayLabel } = link;
  const ofService = eq(userIntegrations.serviceId, serviceId);
  if (connectionId !== undefined) {
    const params = {
      connection_id: connectionId,
      service_id: serviceId,
      display_label: displayLabel,
      event_id: eventId,
    };
    const statement = plain('select gatehouse.link_own_connection($1::jsonb) as id', [JSON.stringify(params)]);
    const ofGrant = eq(userIntegrations.connectionId, connectionId);
    return linkAndShow(ctx, statement, and(ofService, or(ofGrant, linkedBefore(eventId))));
  }
  const id = await ctx.operation.id('integration');
  const sealedFor = hasSecrets(link) ? await resolveUser(ctx, userId) : null;
  const ofAccount =
    externalUserId === undefined
      ? isNull(userIntegrations.externalUserId)
      : eq(userIntegrations.externalUserId, externalUserId);
  const attempt = async () => {
    const row = await linkRow(ctx, sealedFor, { ...link, id, eventId });
    return linkAndShow(ctx, linkStatement(row), and(ofService, or(ofAccount, linkedBefore(eventId))));
  };
  return attempt().catch(async (error: unknown) => {
    if (!(error instanceof AppError) || error.code !== 'integration.sealed') throw error;
    await learnConnectors(ctx);
    return attempt();
  });
}

function linkStatement(row: object): PlainStatement {
  return plain(`select gatehouse.link_once($1::jsonb || jsonb_build_object('user_id', gatehouse.uid())) as id`, [
    JSON.stringify(row),
  ]);
}

/** What this call has linked when it came first: it may be known by another account since. */
function linkedBefore(eventId: string): SQL {
  return sql`${userIntegrations.id} = (gatehouse.effects() ->> ${eventId}::text)::uuid`;
}

/** A later statement of the same list sees what the first has done: the integration comes back without a second trip. */
async function linkAndShow(
  ctx: GatedContext,
  statement: PlainStatement,
  where: SQL | undefined,
): Promise<IntegrationView> {
  const [linked, rows] = await ctx.gate((db) => [
    statement,
    selectIntegrations(db).where(and(own, where)).orderBy(desc(userIntegrations.updatedAt)).limit(10),
  ]);
  const id = firstValue<string>(linked, 'id');
  const row = rows.find((candidate) => candidate.id === id);
  if (!row) throw new AppError('integration.not_found');
  return viewOf(row);
}

/** The id that `me` stands for: a trip of its own. Anybody else is named already. */
export async function resolveUser(ctx: GatedContext, userId: string): Promise<string> {
  if (userId !== 'me') return userId;
  const [rows] = await ctx.gate(() => [plain('select gatehouse.uid() as id')]);
  return firstValue<string>(rows, 'id');
}
