/** PGlite's one session, spoken to in PostgreSQL's protocol. */
import { messages, protocol } from '@electric-sql/pglite';
import type { PGlite } from '@electric-sql/pglite';
import type { ErrorSource } from './errors.ts';
import { ignore } from './results.ts';
import type { Field, Sink } from './results.ts';
import { Packet } from './wire.ts';

/** The session cannot be trusted any more; PGlite must be opened anew. */
export class BrokenSession extends Error {}

const setSetting = 'select pg_catalog.set_config($1, $2, false)';
const showTimeout = 'show statement_timeout';

export class PgliteConnection {
  #db: PGlite;
  #parser = new protocol.Parser();

  constructor(db: PGlite) {
    this.#db = db;
  }

  get inTransaction(): boolean {
    return this.#db.isInTransaction();
  }

  /** Sends messages and hands the answers to the sinks, one per statement; returns the first error. */
  async exec(packet: Packet, sinks: Sink[]): Promise<ErrorSource | null> {
    let first: ErrorSource | null = null;
    let current = 0;
    const take = (message: messages.BackendMessage): void => {
      const sink = sinks[current] ?? ignore;
      if (message instanceof messages.DataRowMessage) sink.row(message.fields);
      else if (message instanceof messages.RowDescriptionMessage) sink.fields(message.fields);
      else if (message instanceof messages.DatabaseError) first ??= message;
      else if (message instanceof messages.CommandCompleteMessage) {
        sink.complete(message.text);
        current += 1;
      } else if (message.name === 'emptyQuery') {
        sink.complete('');
        current += 1;
      }
    };
    // The streaming call, because the plain one also keeps every message it ever read. There is nothing
    // to synchronise: on a directory, PostgreSQL writes and syncs its files itself.
    await this.#db.execProtocolRawStream(packet.done(), {
      syncToFs: false,
      onRawData: (bytes) => this.#parser.parse(bytes, take),
    });
    return first;
  }

  /** Runs a statement of our own. @throws BrokenSession when it fails */
  async demand(packet: Packet, sink: Sink = ignore): Promise<void> {
    const error = await this.exec(packet, [sink]);
    if (error) throw new BrokenSession(error.message);
  }

  /** The one value of a query of our own; null when there is no row. */
  async value(query: string, params: string[] = []): Promise<string | null> {
    let text: string | null = null;
    const sink: Sink = { ...ignore, row: ([value]) => (text = value ?? null) };
    await this.demand(new Packet().statement(query, params).sync(), sink);
    return text;
  }

  /** Changes a setting for the session; returns the error, if any. */
  set(name: string, value: string): Promise<ErrorSource | null> {
    return this.exec(new Packet().statement(setSetting, [name, value]).sync(), [ignore]);
  }

  /** The statement_timeout that holds now, in milliseconds; 0 means none. */
  async statementTimeout(): Promise<number> {
    const timeout = new TimeoutSink();
    await this.demand(timeout.ask(new Packet()).sync(), timeout);
    return timeout.milliseconds;
  }
}

/** Asks for statement_timeout, also in the middle of a transaction, and reads the answer. */
export class TimeoutSink implements Sink {
  milliseconds = 0;

  /** SHOW takes no snapshot, so that `set transaction` may still follow. */
  ask(packet: Packet): Packet {
    return packet.statement(showTimeout);
  }

  fields(_fields: Field[]): void {}

  row([value]: (string | null)[]): void {
    const [, digits, unit = ''] = /^(\d+)(\w*)$/.exec(value ?? '') ?? [];
    const factors: Record<string, number> = { ms: 1, s: 1e3, min: 6e4, h: 36e5, d: 864e5 };
    this.milliseconds = Number(digits ?? 0) * (factors[unit] ?? 1);
  }

  complete(_tag: string): void {}
}
