/**
 * Which connector's grants serve a service: a value is sealed for it before the trip, while the catalogue is in the
 * database. So the Worker goes by what it knows, says for which connector it sealed, and the database refuses
 * (`integration.sealed`) where the catalogue says another. Then, and only then, the catalogue is read: a link costs one
 * trip, with a fresh isolate too, and what is known can be stale without harm.
 */
import { plain } from '../../db/statement.ts';
import type { GatedContext } from '../../context.ts';

/** The services that come with the migrations. */
const builtIn: Readonly<Record<string, string>> = {
  gmail: 'google',
  google_calendar: 'google',
  telegram: 'telegram',
  signal: 'signal',
  whatsapp: 'whatsapp',
};

/** By the database's address: an isolate may serve several deployments. */
const learned = new Map<string, Map<string, string>>();

/** The connector of a service, as far as this isolate knows; null: not known (yet). */
export function knownConnector({ settings }: GatedContext, serviceId: string): string | null {
  const catalogue = learned.get(settings.databaseUrl);
  return (catalogue ? catalogue.get(serviceId) : ownValue(serviceId)) ?? null;
}

function ownValue(serviceId: string): string | undefined {
  return Object.hasOwn(builtIn, serviceId) ? builtIn[serviceId] : undefined;
}

/** Reads the catalogue for this isolate. One trip. */
export async function learnConnectors(ctx: GatedContext): Promise<void> {
  const [{ rows }] = await ctx.gate(() => [plain('select s.id, s.connector_id from public.services s')]);
  learned.set(ctx.settings.databaseUrl, new Map(rows.map((row) => [String(row.id), String(row.connector_id)])));
}
