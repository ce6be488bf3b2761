import { chownSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { Client } from 'pg';
import { run, type Running, start } from './processes.ts';

/** A PostgreSQL server to measure on. */
export interface Postgres {
  /** Superuser URL of a database that may be written. */
  readonly url: string;
  readonly version: string;
  /** The server's process, where the benchmark started it. */
  readonly pid: number | null;
  /** The URL of a fresh, empty database of the server; one of that name is dropped first. */
  createDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}

/** A server that runs already. Databases named `gatehouse_bench…` are made in it. */
export async function usePostgres(url: string): Promise<Postgres> {
  return {
    url,
    version: await versionOf(url),
    pid: null,
    createDatabase: (name) => createDatabase(url, name),
    stop: async () => {},
  };
}

/** Starts a private cluster below `folder` on a free port of loopback, with a plain configuration. */
export async function startPostgres(folder: string): Promise<Postgres> {
  const bin = findBinaries();
  const data = join(folder, 'postgres');
  mkdirSync(data, { recursive: true });
  const owner = await serverAccount();
  if (owner) for (const path of [folder, data]) chownSync(path, owner.uid, owner.gid);
  // Passwords are asked for, as everywhere else: a wrong one must be refused here too.
  const password = join(folder, 'password');
  writeFileSync(password, 'postgres\n');
  await run(
    join(bin, 'initdb'),
    [
      '-D',
      data,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      password,
      '-E',
      'UTF8',
      '--no-locale',
      '--no-sync',
    ],
    { ...owner, cwd: folder },
  );
  const port = await freePort();
  const settings = {
    listen_addresses: '127.0.0.1',
    port,
    unix_socket_directories: data,
    max_connections: 500,
    shared_buffers: '1GB',
    max_wal_size: '4GB',
  };
  const words = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const server = start(join(bin, 'postgres'), ['-D', data, ...words], { ...owner, cwd: folder, stdio: 'ignore' });
  const url = `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`;
  await untilReady(url, server).catch(async (error: unknown) => {
    await server.stop();
    throw error;
  });
  return {
    url,
    version: await versionOf(url),
    pid: server.pid,
    createDatabase: (name) => createDatabase(url, name),
    // SIGINT is the fast shutdown: it ends sessions instead of waiting for them.
    stop: async () => {
      server.child.kill('SIGINT');
      await server.stop();
    },
  };
}

/** Where `initdb` and `postgres` are: PG_BIN, else the newest of the system's packages, else PATH. */
function findBinaries(): string {
  const packaged = '/usr/lib/postgresql';
  const versions = existsSync(packaged) ? readdirSync(packaged).toSorted((a, b) => Number(b) - Number(a)) : [];
  const places = [
    process.env['PG_BIN'],
    ...versions.map((version) => join(packaged, version, 'bin')),
    ...(process.env['PATH'] ?? '').split(delimiter),
  ];
  const found = places.find(
    (place) => place !== undefined && existsSync(join(place, 'initdb')) && existsSync(join(place, 'postgres')),
  );
  if (found) return found;
  throw new Error(
    'No PostgreSQL server found: set PG_BIN to the folder of initdb and postgres, or give --postgres URL.',
  );
}

/** PostgreSQL refuses to run as root; then it runs as the system's `postgres`. */
async function serverAccount(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const id = async (flag: string) => Number((await run('id', [flag, 'postgres'])).trim());
  return { uid: await id('-u'), gid: await id('-g') };
}

async function untilReady(url: string, server: Running): Promise<void> {
  for (let attempt = 0; attempt < 150; attempt += 1) {
    if (server.child.exitCode !== null)
      throw new Error(`PostgreSQL ended with code ${server.child.exitCode} at its start.`);
    if (
      await versionOf(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await new Promise((done) => setTimeout(done, 200));
  }
  throw new Error('PostgreSQL did not answer within 30 s.');
}

async function versionOf(url: string): Promise<string> {
  const rows = await query<{ server_version: string }>(url, 'show server_version');
  return rows[0]?.server_version.split(' ')[0] ?? 'unknown';
}

async function createDatabase(url: string, name: string): Promise<string> {
  await query(url, `drop database if exists ${name} with (force)`);
  await query(url, `create database ${name}`);
  const target = new URL(url);
  target.pathname = `/${name}`;
  return target.href;
}

/** Runs one statement on a connection of its own. */
export async function query<Row extends object>(
  url: string,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Row>(text, [...values])).rows;
  } finally {
    await client.end();
  }
}

/** A port of loopback that nobody listens on just now. */
export function freePort(): Promise<number> {
  return new Promise((done, refuse) => {
    const probe = createServer();
    probe.once('error', refuse);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
