import { neon, neonConfig } from '@neondatabase/serverless';
import type { NeonQueryFunction } from '@neondatabase/serverless';
import { onTestFinished } from 'vitest';
import { startNeonLocal } from '../../scripts/neon-local/index.ts';
import type { NeonLocal, NeonLocalOptions } from '../../scripts/neon-local/index.ts';

export type Sql = NeonQueryFunction<false, false>;

/** Leaves every value as PostgreSQL's text. */
export const asText = { getTypeParser: () => (text: string) => text } as never;

neonConfig.disableWarningInBrowsers = true;

// The driver has one setting for all connections: so the port of the connection string decides.
neonConfig.fetchEndpoint = (_host, port) => `http://127.0.0.1:${port}/sql`;

/** The Neon driver as an application uses it, talking to this endpoint as this user. */
export function connect(server: NeonLocal, login = 'postgres:any', database = 'postgres'): Sql {
  return neon(`postgresql://${login}@localhost:${server.port}/${database}`);
}

/** Starts an endpoint that is closed when the test ends. */
export async function started(options: NeonLocalOptions = {}): Promise<NeonLocal> {
  const server = await startNeonLocal(options);
  onTestFinished(() => server.close());
  return server;
}

/** The error a promise ends with; fails the test when it does not. */
export async function failure(promise: Promise<unknown>): Promise<Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Record<string, unknown>;
  }
  throw new Error('expected an error, and there was none');
}

/** A request to `/sql` as no driver would send it. */
export async function post(
  server: NeonLocal,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(server.url, {
    method: 'POST',
    headers: { 'Neon-Connection-String': 'postgresql://postgres:any@localhost/postgres', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  return { status: response.status, body: await response.json(), headers: response.headers };
}
