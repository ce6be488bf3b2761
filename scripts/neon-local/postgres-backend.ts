/** A PostgreSQL server behind the pool of Neon's proxy, one per user, password and database. */
import { Client } from 'pg';
import { errorAnswer, errorBody } from './errors.ts';
import type { ErrorSource } from './errors.ts';
import { Pipeline } from './pipeline.ts';
import { ignore, maxResponse, ResultWriter } from './results.ts';
import type { Sink } from './results.ts';
import type { Answer, Backend, Login, SqlRequest } from './types.ts';
import { Packet } from './wire.ts';

export interface PostgresOptions {
  host: string;
  port: number;
  /** undefined: that of each request's connection string */
  database?: string | undefined;
  /** idle connections kept per user, password and database */
  pool: number;
}

/** Runs each request on a connection of its user; connections are never waited for. */
export class PostgresBackend implements Backend {
  #options: PostgresOptions;
  #idle = new Map<string, Client[]>();
  #open = new Set<Client>();
  #closing = false;

  constructor(options: PostgresOptions) {
    this.#options = options;
  }

  async run(request: SqlRequest): Promise<Answer> {
    const key = JSON.stringify(request.login);
    let client = this.#idle.get(key)?.pop();
    try {
      client ??= await this.#connect(request.login, key);
    } catch (error) {
      return this.#connectFailure(error);
    }
    const answer = await runOn(client, request);
    this.#giveBack(client, key);
    return answer;
  }

  async close(): Promise<void> {
    this.#closing = true;
    this.#idle.clear();
    await Promise.all([...this.#open].map((client) => client.end().catch(() => undefined)));
  }

  async #connect({ user, password, database }: Login, key: string): Promise<Client> {
    const { host, port } = this.#options;
    const client = new Client({
      host,
      port,
      user,
      // An empty string: otherwise pg would look into PGPASSWORD and ~/.pgpass of whoever runs this.
      password: password ?? '',
      database: this.#options.database ?? database,
      application_name: 'neon-local',
      connectionTimeoutMillis: 10_000,
    });
    // A connection that breaks while idle leaves the pool; one that breaks in use fails its query.
    client.on('error', () => this.#forget(client, key));
    client.on('end', () => this.#forget(client, key));
    await client.connect();
    this.#open.add(client);
    if (this.#closing) await client.end();
    return client;
  }

  /** As Neon's proxy: keep up to `pool` idle ones, close the rest, and any left inside a transaction. */
  #giveBack(client: Client, key: string): void {
    if (!this.#open.has(client)) return;
    const idle = this.#idle.get(key) ?? [];
    const keep = !this.#closing && idle.length < this.#options.pool && isIdle(client);
    if (!keep) {
      void client.end().catch(() => undefined);
      return;
    }
    idle.push(client);
    this.#idle.set(key, idle);
  }

  #forget(client: Client, key: string): void {
    this.#open.delete(client);
    const idle = this.#idle.get(key);
    const at = idle?.indexOf(client) ?? -1;
    if (at >= 0) idle?.splice(at, 1);
  }

  #connectFailure(error: unknown): Answer {
    if (isDatabaseError(error)) return errorAnswer(error);
    const { host, port } = this.#options;
    const reason = error instanceof Error ? error.message || String(error) : String(error);
    const message = `could not connect to PostgreSQL at ${host}:${port}: ${reason}`;
    return { status: 500, body: errorBody({ message, code: '08001', severity: 'FATAL' }) };
  }
}

async function runOn(client: Client, request: SqlRequest): Promise<Answer> {
  const { statements, begin, rawText } = request;
  const budget = { left: maxResponse };
  const writers = statements.map(({ arrayMode }) => new ResultWriter({ arrayMode, rawText, budget }));
  const packet = new Packet();
  if (begin !== undefined) packet.statement(begin);
  packet.statements(statements);
  if (begin !== undefined) packet.statement('COMMIT');
  const sinks = begin === undefined ? writers : [ignore, ...writers, ignore];
  const error = await send(client, packet.sync(), sinks);
  if (error) {
    if (begin !== undefined) await send(client, new Packet().query('ROLLBACK'), [ignore]);
    return errorAnswer(error.code === undefined ? { ...lost, message: error.message } : error);
  }
  if (budget.left < 0) {
    const message = `response is too large (max is ${maxResponse} bytes)`;
    return { status: 507, body: errorBody({ message, code: '54000', severity: 'ERROR' }) };
  }
  const results = writers.map((writer) => writer.json());
  const body = begin === undefined ? results.join() : `{"results":[${results.join()}]}`;
  return { status: 200, body };
}

const lost = { code: '08006', severity: 'FATAL' };

function send(client: Client, packet: Packet, sinks: Sink[]): Promise<ErrorSource | null> {
  return new Promise((resolve) => {
    client.query(new Pipeline(packet.done(), sinks, resolve));
  });
}

/** A query failed only if `pg` has yet to hear that the server is ready: then it is idle soon. */
function isIdle(client: Client): boolean {
  const status = client.getTransactionStatus();
  return status === null || status === 'I';
}

function isDatabaseError(error: unknown): error is Error & ErrorSource {
  return error instanceof Error && 'severity' in error && 'code' in error;
}
