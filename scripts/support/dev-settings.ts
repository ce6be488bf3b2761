import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { randomKeyRing, randomPassword } from './stack.ts';

/** What a development server needs to remember between starts, so that its data stays readable. */
export interface DevSecrets {
  readonly passwords: { readonly app: string; readonly service: string };
  readonly TOKEN_KEYS: string;
  readonly TOKEN_KEY_ACTIVE: string;
  readonly LOOKUP_KEYS: string;
  readonly LOOKUP_KEY_ACTIVE: string;
}

/** The secrets kept in a file, made on the first start. Readable by their owner alone. */
export function keptSecrets(file: string): DevSecrets {
  if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as DevSecrets;
  const secrets = freshSecrets();
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
  };
}

/** Everything the Worker is told in development. */
export function workerSettings(
  secrets: DevSecrets,
  database: Record<string, string>,
  publicUrl: string,
): Record<string, string> {
  const { passwords: _, ...keys } = secrets;
  return { ENVIRONMENT: 'development', PUBLIC_URL: publicUrl, MAIL_FROM: 'hello@localhost.test', ...database, ...keys };
}

/** Settings as an env file that wrangler reads. */
export function writeEnvFile(file: string, settings: Record<string, string>): void {
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  writeFileSync(file, `${lines.join('\n')}\n`, { mode: 0o600 });
}
