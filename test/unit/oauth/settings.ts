import { freshSecrets, workerSettings } from '../../../scripts/support/dev-settings.ts';
import { type Env, readSettings, type Settings } from '../../../src/env.ts';

const secrets = freshSecrets();
const addresses = {
  DATABASE_URL: 'postgresql://gatehouse_app:x@localhost/x',
  SERVICE_DATABASE_URL: 'postgresql://gatehouse_service:x@localhost/x',
  DEMO_ISSUER: 'http://localhost:1',
  DEMO_CLIENT_ID: 'ours',
  DEMO_CLIENT_SECRET: 'the deployment’s',
};

/** Settings of a deployment, some changed. The keys are the same each time. */
export function settingsWith(changes: Record<string, string | undefined> = {}): Settings {
  return readSettings({ ...workerSettings(secrets, addresses, 'http://localhost:8787'), ...changes } as unknown as Env);
}

/** The ring with a second key, which is the active one. */
export function rotatedRing(): Record<string, string> {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  const key = btoa(String.fromCharCode(...bytes));
  return { TOKEN_KEYS: `${secrets.TOKEN_KEYS},next:${key}`, TOKEN_KEY_ACTIVE: 'next' };
}
