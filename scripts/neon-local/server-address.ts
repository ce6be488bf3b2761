/** The URL of a PostgreSQL server, as an option. */
import type { PostgresOptions } from './postgres-backend.ts';

/**
 * Reads the URL: host, port, database and sslmode. User and password in it are not used.
 * @throws Error that says what is wrong, without the URL, which may hold a password
 */
export function parseServerAddress(text: string): Omit<PostgresOptions, 'pool'> {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw new Error('the address of the PostgreSQL server is not a URL');
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw new Error('the address of the PostgreSQL server must start with postgresql://');
  }
  const host = url.searchParams.get('host') ?? url.hostname.replace(/^\[|\]$/g, '');
  return {
    host: host || 'localhost',
    port: Number(url.port || '5432'),
    database: decodeURIComponent(url.pathname.slice(1)) || undefined,
    ssl: tls(url.searchParams.get('sslmode') ?? 'disable'),
  };
}

// As libpq reads sslmode, but for the modes that try both: here they mean plain TCP.
function tls(mode: string): PostgresOptions['ssl'] {
  if (['disable', 'allow', 'prefer'].includes(mode)) return false;
  if (mode === 'require') return { rejectUnauthorized: false };
  if (['verify-ca', 'verify-full'].includes(mode)) return true;
  throw new Error(`sslmode is "${mode}", which PostgreSQL does not know`);
}
