import { connectNeon, parseAddress } from '../../src/db/migrate/index.ts';
import { listProcedures } from '../../src/http/rest/procedures.ts';
import { newApiToken } from '../../src/lib/api-token.ts';
import { snakeCase } from '../../src/lib/case.ts';
import { appRouter } from '../../src/routers/index.ts';
import { scopesFor } from '../../src/scopes.ts';
import { keepServiceToken } from '../admin/tokens.ts';
import { keptSecrets } from './dev-settings.ts';

/** The owner of a development database, as the settings name it. */
export interface DevelopmentOwner {
  readonly MIGRATION_DATABASE_URL: string;
  readonly NEON_SQL_ENDPOINT: string;
}

/**
 * A service token to try the API with: the one that the file of secrets keeps, with every scope, good for another
 * year. A revoked one is not brought back: another takes its place in the file.
 */
export async function liveServiceToken(owner: DevelopmentOwner, secretsFile: string): Promise<string> {
  const address = parseAddress('MIGRATION_DATABASE_URL', owner.MIGRATION_DATABASE_URL);
  const connection = connectNeon(address, owner.NEON_SQL_ENDPOINT);
  const wanted = { name: 'npm run dev', scopes: scopesFor('service'), days: 365 };
  const { serviceToken: kept } = keptSecrets(secretsFile);
  if (await keepServiceToken(connection, kept, wanted)) return kept;
  const { serviceToken } = keptSecrets(secretsFile, { serviceToken: newApiToken() });
  await keepServiceToken(connection, serviceToken, wanted);
  return serviceToken;
}

/**
 * A line for the shell that reads something with a service token: the first route that takes one. While there is none,
 * a route that names its refusal.
 */
export function exampleCall(publicUrl: string, token: string): string {
  const reads = listProcedures(appRouter).filter(({ meta }) => meta.openapi?.method === 'GET');
  const about = (subject: string) => reads.find(({ meta }) => meta.access?.subject === subject);
  const read = about('platform') ?? about('user') ?? about('self');
  const path = snakeCase(read?.meta.openapi?.path ?? '').replace(/\{(\w+)\}/g, (_, name: string) => name.toUpperCase());
  const answer = read?.meta.access?.subject === 'self' ? ' # 403: it belongs to no user' : '';
  return `curl -H 'authorization: Bearer ${token}' ${publicUrl}/v1${path}${answer}`;
}
