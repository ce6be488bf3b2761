import {
  connectNeon,
  connectPostgres,
  type DatabaseAddress,
  isLoopback,
  MigrationError,
  type MigrationConnection,
  parseAddress,
  type WorkerLogins,
} from '../../src/db/migrate/index.ts';
import { requireSetting, type Settings } from './settings.ts';

/**
 * A connection to the database a setting names. HTTP unless `direct`; a server on this machine without an endpoint
 * cannot be Neon's, so that one is reached over TCP too.
 */
export function connectTo(settings: Settings, setting: string, direct: boolean): MigrationConnection {
  const address = parseAddress(setting, requireSetting(settings, setting));
  const endpoint = settings['NEON_SQL_ENDPOINT'];
  const hasEndpoint = endpoint !== undefined && endpoint !== '';
  if (direct || (!hasEndpoint && isLoopback(new URL(address.url).hostname))) return connectPostgres(address);
  return connectNeon(address, hasEndpoint ? endpoint : undefined);
}

/** The names are fixed: migrations grant to them. */
export function requireFixedNames({ app, service }: WorkerLogins): void {
  const wrong = app.name === 'gatehouse_app' ? 'SERVICE_DATABASE_URL' : 'DATABASE_URL';
  const name = wrong === 'DATABASE_URL' ? 'gatehouse_app' : 'gatehouse_service';
  if (app.name === 'gatehouse_app' && service.name === 'gatehouse_service') return;
  throw new MigrationError(
    'setting.invalid',
    `${wrong} must name the login ${name}: migrations grant to it by that name.`,
  );
}

/** The Worker's two logins, names and passwords, from their connection strings. */
export function readLogins(settings: Settings): WorkerLogins {
  const read = (setting: string): DatabaseAddress => parseAddress(setting, requireSetting(settings, setting));
  return { app: login('DATABASE_URL', read), service: login('SERVICE_DATABASE_URL', read) };
}

function login(setting: string, read: (setting: string) => DatabaseAddress): { name: string; password: string } {
  const { user, password } = read(setting);
  return { name: user, password };
}
