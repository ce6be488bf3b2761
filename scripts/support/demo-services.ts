import type { MigrationConnection } from '../../src/db/migrate/index.ts';

/** Services of the demo connector: id, name, type, scopes. Its provider gives both scopes (`oidc-provider/scopes.ts`). */
const demoServices = [
  ['demo_calendar', 'Demo Calendar', 'calendar', '["calendar.read"]'],
  ['demo_files', 'Demo Files', 'storage', '["files.read"]'],
] as const;

/** Puts services into the catalogue that a machine without an account anywhere can link: for development and tests. */
export async function addDemoServices(connection: MigrationConnection): Promise<void> {
  const statements = demoServices.map((service) => ({ query: INSERT, params: [...service] }));
  await connection.batch(statements);
}

const INSERT = `insert into services (id, name, type, provider, connector_id, scopes)
  values ($1, $2, $3, 'demo', 'demo', $4::jsonb) on conflict (id) do nothing`;
