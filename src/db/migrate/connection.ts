import { MigrationError } from './errors.ts';

/** One statement; parameters are sent beside it, never spliced into it. */
export interface Statement {
  readonly query: string;
  readonly params?: readonly (string | null)[];
}

/** A row by column name. The engine's own queries return text, booleans and null alone, so that all drivers agree. */
export type Row = Record<string, unknown>;

/**
 * What a migration needs of a driver. Errors pass through as the driver throws them; `databaseRefusal` reads them.
 * `batch` is one READ COMMITTED transaction: after the wait for the lock the next statement must see what was committed
 * meanwhile.
 */
export interface MigrationConnection {
  /** Host, database and user for people. Never the password. */
  readonly target: string;
  /** The database's name, which `reset` asks to have typed. */
  readonly database: string;
  /** Runs the statements in one atomic transaction and returns the rows of each. */
  batch(statements: readonly Statement[]): Promise<Row[][]>;
  /** Runs one statement outside any transaction block (`create index concurrently` needs it). */
  single(statement: Statement): Promise<Row[]>;
  close(): Promise<void>;
}

/** The parts of a connection string. */
export interface DatabaseAddress {
  readonly url: string;
  readonly host: string;
  readonly database: string;
  readonly user: string;
  readonly password: string;
}

/**
 * Reads a PostgreSQL connection string.
 * @throws MigrationError `setting.invalid`, naming the setting and never showing its value.
 */
export function parseAddress(setting: string, url: string): DatabaseAddress {
  const refuse = (what: string): MigrationError =>
    new MigrationError('setting.invalid', `${setting} ${what} (postgres://USER:PASSWORD@HOST/DATABASE).`);
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw refuse('is not a connection string');
  }
  if (!/^postgres(ql)?:$/.test(parsed.protocol)) throw refuse('must begin with postgres:// or postgresql://');
  if (parsed.hostname === '') throw refuse('names no host');
  if (parsed.username === '') throw refuse('names no user');
  const database = decode(parsed.pathname.slice(1));
  if (database === '') throw refuse('names no database');
  const user = decode(parsed.username);
  return { url, host: parsed.host, database, user, password: decode(parsed.password) };
}

/** Whether a host name is this machine's loopback. */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i.test(hostname);
}

/** The line that says where a command goes. */
export function describeTarget(address: DatabaseAddress, way: string): string {
  return `${address.user}@${address.host}/${address.database} (${way})`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
