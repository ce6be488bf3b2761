import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { newApiToken } from '../../src/lib/api-token.ts';
import { randomKeyRing, randomPassword } from './stack.ts';

/** What a development server needs to remember between starts, so that its data stays readable. */
export interface DevSecrets {
  readonly passwords: { readonly app: string; readonly service: string };
  readonly TOKEN_KEYS: string;
  readonly TOKEN_KEY_ACTIVE: string;
  readonly LOOKUP_KEYS: string;
  readonly LOOKUP_KEY_ACTIVE: string;
  /** What the local OpenID provider knows the Worker by. */
  readonly demoClient: { readonly clientId: string; readonly clientSecret: string };
  /** A service token to try the API with. */
  readonly serviceToken: string;
}

/** Where the development database's owner is while `npm run dev` runs: what `npm run admin` reads without settings. */
export const developmentOwnerFile = '.gatehouse/owner.vars';

/**
 * The secrets kept in a file, readable by their owner alone. What an older start did not know is made now.
 * @param changed values to keep from now on instead
 */
export function keptSecrets(file: string, changed: Partial<DevSecrets> = {}): DevSecrets {
  const kept = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Partial<DevSecrets>) : {};
  const secrets = { ...freshSecrets(), ...kept, ...changed };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  return secrets;
}

export function freshSecrets(): DevSecrets {
  return {
    passwords: { app: randomPassword(), service: randomPassword() },
    TOKEN_KEYS: randomKeyRing(),
    TOKEN_KEY_ACTIVE: 'dev',
    LOOKUP_KEYS: randomKeyRing(),
    LOOKUP_KEY_ACTIVE: 'dev',
    demoClient: { clientId: 'gatehouse', clientSecret: randomPassword() },
    serviceToken: newApiToken(),
  };
}

/**
 * Everything the Worker is told in development.
 * @param addresses the settings that say where database and provider are
 */
export function workerSettings(
  secrets: DevSecrets,
  addresses: Record<string, string>,
  publicUrl: string,
): Record<string, string> {
  const { passwords: _, serviceToken: __, demoClient: ___, ...keys } = secrets;
  const fixed = { ENVIRONMENT: 'development', MAIL_FROM: 'hello@localhost.test' };
  return { ...fixed, PUBLIC_URL: publicUrl, ...addresses, ...keys };
}

/** The settings that a developer may choose by the environment of `npm run dev`. */
const choices = ['TRUSTED_ORIGINS', 'PRODUCT_NAME', 'SIGN_UP', 'SESSION_PROFILE'];

/** What was chosen of them; an empty one is none. */
export function chosenSettings(environment: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const entries = choices.map((name) => [name, environment[name] ?? ''] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

/** Settings as an env file that wrangler reads. */
export function writeEnvFile(file: string, settings: Record<string, string>): void {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}
