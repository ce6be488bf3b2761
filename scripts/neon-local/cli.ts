/** `npm run neon-local`: the endpoint as a command. */
import { parseArgs } from 'node:util';
import { startNeonLocal } from './index.ts';
import type { NeonLocalOptions } from './index.ts';

const help = `Neon's SQL over HTTP on this machine: POST /sql as @neondatabase/serverless sends it.

usage: npm run neon-local -- --port N [--data DIR | --postgres URL] [--latency MS] [--pool N] [--json]

  --port N         port on 127.0.0.1; 0 takes a free one
  --data DIR       keep the database (PGlite) in DIR; without it, it is temporary
  --postgres URL   use a PostgreSQL server: host, port and database of the URL; user and password
                   are those of each request's connection string
  --latency MS     add MS milliseconds to every round trip
  --pool N         connections kept open per role on a server, 20 unless told
  --json           print one line of JSON when ready, and nothing else
  --help           print this

Also: GET /stats and POST /stats/reset (round trips and statements), GET /health.`;

interface Settings {
  options: NeonLocalOptions;
  json: boolean;
}

/** Reads the command line; undefined when help was asked for. Throws an Error that names a bad flag. */
function readArguments(args: string[]): Settings | undefined {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: 'string' },
      data: { type: 'string' },
      postgres: { type: 'string' },
      latency: { type: 'string' },
      pool: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  if (values.port === undefined) throw new Error('--port is missing; --port 0 takes a free one');
  if (values.data === '') throw new Error('--data is empty');
  const { data, postgres, json } = values;
  const options = {
    port: whole('--port', values.port),
    latency: whole('--latency', values.latency),
    pool: whole('--pool', values.pool),
    data,
    postgres,
  };
  return { options, json };
}

function whole(flag: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${flag} takes a whole number, not "${text}"`);
  return Number(text);
}

async function main(): Promise<void> {
  const settings = readArguments(process.argv.slice(2));
  if (!settings) return console.log(help);
  const { options, json } = settings;
  const onPglite = options.postgres === undefined;
  if (onPglite && !json) console.log('neon-local: opening PGlite …');
  const server = await startNeonLocal(options);
  const connectionString = onPglite
    ? 'postgresql://postgres@localhost/postgres'
    : `postgresql://USER:PASSWORD@localhost/${databaseOf(options.postgres ?? '')}`;
  const ready = { url: server.url, port: server.port, connectionString };
  console.log(json ? JSON.stringify(ready) : describe(options, ready));
  // Not once: npm passes Ctrl-C on a second time, which would end the process before the data is closed.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      void server.close().then(() => process.exit(0));
    });
  }
}

function describe(options: NeonLocalOptions, ready: { url: string; connectionString: string }): string {
  const latency = options.latency ? `, ${options.latency} ms added per round trip` : '';
  return `neon-local: ${where(options)}${latency}

  neonConfig.fetchEndpoint = '${ready.url}'
  const sql = neon('${ready.connectionString}')

Any role of the database may stand in the connection string. Ctrl-C ends it.`;
}

function where({ data, postgres, pool = 20 }: NeonLocalOptions): string {
  if (postgres !== undefined) {
    const { host } = new URL(postgres);
    return `PostgreSQL at ${host}, up to ${pool} connections kept per role`;
  }
  return data === undefined ? 'PGlite, temporary (gone when this ends)' : `PGlite, kept in ${data}`;
}

function databaseOf(postgres: string): string {
  return new URL(postgres).pathname.slice(1) || 'DATABASE';
}

try {
  await main();
} catch (error) {
  console.error(`neon-local: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
