import { randomBytes } from 'node:crypto';
import { applyMigrations, connectNeon, initialize, parseAddress } from '../../src/db/migrate/index.ts';
import { type NeonLocal, startNeonLocal } from '../neon-local/index.ts';
import { addDemoServices } from './demo-services.ts';

/** Where the database of a stack lives: nothing given means an embedded one that is gone afterwards. */
export interface StackOptions {
  /** PGlite directory to keep. */
  readonly data?: string;
  /** Superuser URL of a PostgreSQL server; its database must exist and is migrated. */
  readonly postgres?: string;
  readonly latency?: number;
  readonly port?: number;
  readonly passwords?: { readonly app: string; readonly service: string };
  readonly onProgress?: (line: string) => void;
}

/** A migrated database behind the Neon-compatible endpoint. */
export interface Stack {
  readonly neon: NeonLocal;
  readonly ownerUrl: string;
  /** The Worker's settings that name the database. */
  readonly settings: { DATABASE_URL: string; SERVICE_DATABASE_URL: string; NEON_SQL_ENDPOINT: string };
  close(): Promise<void>;
}

/** Starts a database, prepares its roles, applies every migration and adds the demo connector's services. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const { data, postgres, latency, port, onProgress } = options;
  const neon = await startNeonLocal({ data, postgres, latency, port });
  try {
    const ownerUrl = postgres ?? 'postgresql://postgres:postgres@localhost/postgres';
    const passwords = options.passwords ?? { app: randomPassword(), service: randomPassword() };
    const connection = connectNeon(parseAddress('MIGRATION_DATABASE_URL', ownerUrl), neon.url);
    await initialize({
      connection,
      logins: {
        app: { name: 'gatehouse_app', password: passwords.app },
        service: { name: 'gatehouse_service', password: passwords.service },
      },
    });
    await applyMigrations({ connection, directory: 'drizzle', onProgress });
    await addDemoServices(connection);
    const settings = {
      DATABASE_URL: loginUrl(ownerUrl, 'gatehouse_app', passwords.app),
      SERVICE_DATABASE_URL: loginUrl(ownerUrl, 'gatehouse_service', passwords.service),
      NEON_SQL_ENDPOINT: neon.url,
    };
    return { neon, ownerUrl, settings, close: () => neon.close() };
  } catch (error) {
    await neon.close();
    throw error;
  }
}

export function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** A key ring setting with one fresh key. */
export function randomKeyRing(): string {
  return `dev:${randomBytes(32).toString('base64')}`;
}

function loginUrl(ownerUrl: string, user: string, password: string): string {
  const url = new URL(ownerUrl);
  url.username = user;
  url.password = password;
  return url.href;
}
