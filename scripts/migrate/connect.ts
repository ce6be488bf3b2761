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

/** The Worker's two logins, names and passwords, from their connection strings. */
export function readLogins(settings: Settings): WorkerLogins {
  const read = (setting: string): DatabaseAddress => parseAddress(setting, requireSetting(settings, setting));
  return {
    app: login('DATABASE_URL', 'gatehouse_app', read('DATABASE_URL')),
    service: login('SERVICE_DATABASE_URL', 'gatehouse_service', read('SERVICE_DATABASE_URL')),
  };
}

/** The names are fixed: migrations grant to them. */
function login(setting: string, name: string, { user, password }: DatabaseAddress): { name: string; password: string } {
  if (user !== name) throw new MigrationError('setting.invalid', `${setting} must name the login ${name}: migrations grant to it by that name.`);
  return { name, password };
}
