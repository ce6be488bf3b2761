import type { TestProject } from 'vitest/node';
import { freshSecrets, workerSettings } from '../../scripts/support/dev-settings.ts';
import { connectorSettings } from '../../scripts/support/oidc-provider.ts';
import { startStack } from '../../scripts/support/stack.ts';
import { createDatabase } from './database.ts';
import { startTestProvider } from './oidc-provider/start.ts';

/** What the Worker under test is told, and how tests look into its database as the owner. */
export interface WorkerEnvironment extends Record<string, string> {
  readonly OWNER_URL: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    /** The Worker's settings, plus OWNER_URL. */
    worker: WorkerEnvironment;
  }
}

export const PUBLIC_URL = 'http://localhost:8787';

/**
 * One migrated database for the run: embedded, or a new one on the server of TEST_POSTGRES_URL, dropped afterwards. And
 * one OpenID provider, the `demo` connector's.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = process.env.TEST_POSTGRES_URL;
  const database = server ? await createDatabase(server, `gatehouse_test_${process.pid}`) : null;
  const stack = await startStack({ postgres: database?.url });
  const provider = await startTestProvider(PUBLIC_URL);
  const settings = workerSettings(freshSecrets(), { ...stack.settings, ...connectorSettings(provider) }, PUBLIC_URL);
  project.provide('worker', {
    ...settings,
    TRUSTED_ORIGINS: 'https://app.example.com',
    TEST_DEPTH: process.env.TEST_DEPTH ?? 'quick',
    // Links in tests are asked for faster than people do; the limits have tests of their own.
    OWNER_URL: stack.ownerUrl,
  });
  return async () => {
    await provider.close();
    await stack.close();
    await database?.drop();
  };
}
