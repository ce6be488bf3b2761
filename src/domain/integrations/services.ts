import { asc } from 'drizzle-orm';
import type { SystemContext } from '../../context.ts';
import { services } from '../../db/schema/index.ts';
import { fixed } from '../../db/statement.ts';
import type { ServiceView } from './views.ts';

const catalogue = fixed((db) =>
  db
    .select({
      id: services.id,
      name: services.name,
      type: services.type,
      provider: services.provider,
      connector: services.connectorId,
      scopes: services.scopes,
      isActive: services.isActive,
      metadata: services.metadata,
    })
    .from(services)
    .orderBy(asc(services.type), asc(services.name), asc(services.id)),
);

/** The catalogue of services, whoever asks. One trip. */
export async function listServices(ctx: SystemContext): Promise<{ items: ServiceView[] }> {
  const [rows] = await ctx.system((db) => [catalogue(db)]);
  const items = rows.map((row) => ({
    ...row,
    scopes: [...row.scopes],
    isConnectable: row.isActive && ctx.settings.connectors.has(row.connector),
  }));
  return { items };
}
