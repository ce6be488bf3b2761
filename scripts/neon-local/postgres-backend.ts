/** A PostgreSQL server behind the pool of Neon's proxy, one per user, password and database. */
import { Client } from 'pg';
import { errorAnswer, errorBody } from './errors.ts';
import type { ErrorSource } from './errors.ts';
import { Pipeline } from './pipeline.ts';
import { ignore, maxResponse, resultsBody, ResultWriter, tooLarge } from './results.ts';
import type { Sink } from './results.ts';
import type { Answer, Backend, Login, SqlRequest } from './types.ts';
import { Packet } from './wire.ts';

export interface PostgresOptions {
  host: string;
  port: number;
  /** false: plain TCP; true: TLS with a certificate that is verified */
  ssl: boolean | { rejectUnauthorized: false };
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
      return this.#connectFailure(error, request.login);
    }
    const { answer, broken } = await runOn(client, request);
    if (broken) this.#forget(client, key);
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
      // A function: for a missing password pg would otherwise look into PGPASSWORD and ~/.pgpass.
      password: () => password ?? '',
      ssl: this.#options.ssl,
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
    const idle = this.#idle.get(key) ?? [];
    const keep = !this.#closing && idle.length < this.#options.pool && isIdle(client);
    if (!keep || !this.#open.has(client)) {
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

  #connectFailure(error: unknown, { user }: Login): Answer {
    if (isDatabaseError(error)) return errorAnswer(error);
    const { host, port } = this.#options;
    const reason = error instanceof Error ? error.message || String(error) : String(error);
    // What pg says instead of asking the server, when there is no password.
    if (reason.startsWith('SASL')) {
      const message = `password authentication failed for user "${user}"`;
      return errorAnswer({ message, code: '28P01', severity: 'FATAL' });
    }
    const message = `could not connect to PostgreSQL at ${host}:${port}: ${reason}`;
    return { status: 500, body: errorBody({ message, code: '08001', severity: 'FATAL' }) };
  }
}

interface Outcome {
  answer: Answer;
  /** the connection is lost, though the socket may not know yet */
  broken: boolean;
}

async function runOn(client: Client, request: SqlRequest): Promise<Outcome> {
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
    const { message, code } = error;
    const answer = errorAnswer(code === undefined ? { ...lost, message } : error);
    return { answer, broken: code === undefined || /^(08|57P)/.test(code) };
  }
  if (budget.left < 0) return { answer: tooLarge(), broken: false };
  const body = resultsBody(writers, begin !== undefined);
  return { answer: { status: 200, body }, broken: false };
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
