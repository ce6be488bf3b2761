/**
 * Runs one request on PGlite as its user: log in, settings of the role, the statements, and everything
 * put back. PGlite has one session, so what a server does by separate connections is done here by hand.
 */
import { messages, protocol } from '@electric-sql/pglite';
import type { PGlite } from '@electric-sql/pglite';
import { errorAnswer, refusal, RequestError } from './errors.ts';
import type { ErrorSource } from './errors.ts';
import { ignore, maxResponse, ResultWriter } from './results.ts';
import type { Field, Sink } from './results.ts';
import { PasswordCache } from './scram.ts';
import type { Answer, Login, SqlRequest } from './types.ts';
import { Packet } from './wire.ts';

/** The session cannot be trusted any more; PGlite must be opened anew. */
export class BrokenSession extends Error {}

/** Tells the watching thread how long the statement that starts now may run, in milliseconds. */
export type StartTimer = (limit: number) => void;

interface SessionOptions {
  startTimer: StartTimer;
  /** milliseconds, where no statement_timeout is set */
  defaultLimit: number;
}

interface Role {
  superuser: boolean;
  login: boolean;
  verifier: string | null;
  expired: boolean;
  /** `name=value`, in the order in which PostgreSQL applies them */
  settings: string[];
}

const roleQuery = `
  select json_build_object(
    'superuser', r.rolsuper, 'login', r.rolcanlogin, 'verifier', r.rolpassword,
    'expired', coalesce(r.rolvaliduntil < now(), false),
    'settings', coalesce((
      select json_agg(v order by s.setrole <> 0, s.setdatabase <> 0)
      from pg_catalog.pg_db_role_setting s, unnest(s.setconfig) v
      where s.setrole in (0, r.oid) and s.setdatabase in
        (0, (select oid from pg_catalog.pg_database where datname = current_database()))), '[]'))
  from pg_catalog.pg_authid r where r.rolname = $1`;

// What DISCARD ALL does, but for cached plans: planning PL/pgSQL anew on every request is slow.
const hygiene = `reset all; close all; unlisten *; select pg_catalog.pg_advisory_unlock_all();
  deallocate all; discard temp; discard sequences`;

const setSetting = 'select pg_catalog.set_config($1, $2, false)';
const showTimeout = 'show statement_timeout';

export class PgliteSession {
  #db: PGlite;
  #parser = new protocol.Parser();
  #passwords = new PasswordCache();
  #startTimer: StartTimer;
  #defaultLimit: number;
  /** The superuser that PGlite was opened as: by name, since the default authorisation is void here. */
  #owner = '';

  private constructor(db: PGlite, options: SessionOptions) {
    this.#db = db;
    this.#startTimer = options.startTimer;
    this.#defaultLimit = options.defaultLimit;
  }

  /** Opens a session on a database that just started. */
  static async open(db: PGlite, options: SessionOptions): Promise<PgliteSession> {
    const session = new PgliteSession(db, options);
    const sink: Sink = { ...ignore, row: ([name]) => (session.#owner = name ?? '') };
    const packet = new Packet().statement('select session_user').sync();
    session.#require(await session.#exec(packet, [sink]));
    return session;
  }

  /**
   * Runs a request and answers it.
   * @throws BrokenSession when the session could not be put back
   */
  async run(request: SqlRequest): Promise<Answer> {
    let answer: Answer;
    try {
      const role = await this.#logIn(request.login);
      refuseEscape(request, role);
      answer = await this.#runAs(request, role);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      answer = refusal(error);
    }
    await this.#reset();
    return answer;
  }

  async #logIn({ user, password }: Login): Promise<Role> {
    let text: string | null = null;
    const sink: Sink = { ...ignore, row: ([value]) => (text = value ?? null) };
    this.#require(await this.#exec(new Packet().statement(roleQuery, [user]).sync(), [sink]));
    const role: Role | null = text === null ? null : JSON.parse(text);
    const passed =
      role !== null &&
      !role.expired &&
      (role.verifier === null ||
        (password !== null && this.#passwords.check(password, user, role.verifier)));
    if (!passed) throw fatal('28P01', `password authentication failed for user "${user}"`);
    if (!role.login) throw fatal('28000', `role "${user}" is not permitted to log in`);
    return role;
  }

  async #runAs(request: SqlRequest, role: Role): Promise<Answer> {
    const { login, begin, statements, rawText } = request;
    const budget = { left: maxResponse };
    const writers = statements.map(
      ({ arrayMode }) => new ResultWriter({ arrayMode, rawText, budget }),
    );
    let limit = await this.#become(login.user, role.settings);
    const timeout = new TimeoutSink();
    for (let i = 0; i < Math.max(statements.length, 1); i++) {
      const last = i >= statements.length - 1;
      const packet = new Packet();
      const sinks: Sink[] = [];
      if (begin !== undefined && i === 0) sinks.push(packet.statement(begin) && ignore);
      const [statement, writer] = [statements[i], writers[i]];
      if (statement && writer) sinks.push(packet.statements([statement]) && writer);
      if (!last) sinks.push(packet.statement(showTimeout) && timeout);
      else if (begin !== undefined) sinks.push(packet.statement('COMMIT') && ignore);
      if (last) packet.sync();
      this.#startTimer(limit);
      const error = await this.#exec(packet, sinks);
      if (error) return errorAnswer(error);
      if (budget.left < 0) {
        throw new RequestError(507, '54000', `response is too large (max is ${maxResponse} bytes)`);
      }
      limit = timeout.milliseconds || this.#defaultLimit;
    }
    const results = writers.map((writer) => writer.json());
    const body = begin === undefined ? results.join() : `{"results":[${results.join()}]}`;
    return { status: 200, body };
  }

  /** Takes the role and its settings; returns the time limit that now holds. */
  async #become(user: string, settings: string[]): Promise<number> {
    const isRole = (entry: string): boolean => entry.startsWith('role=');
    // Like a server, go on when a setting of the role is invalid: hence no look at the errors.
    for (const entry of settings.filter((entry) => !isRole(entry))) await this.#set(entry);
    this.#require(await this.#set(`session_authorization=${user}`));
    for (const entry of settings.filter(isRole)) await this.#set(entry);
    const timeout = new TimeoutSink();
    this.#require(await this.#exec(new Packet().statement(showTimeout).sync(), [timeout]));
    return timeout.milliseconds || this.#defaultLimit;
  }

  #set(entry: string): Promise<ErrorSource | null> {
    const at = entry.indexOf('=');
    const pair = [entry.slice(0, at), entry.slice(at + 1)];
    return this.#exec(new Packet().statement(setSetting, pair).sync(), [ignore]);
  }

  /** Puts the session back to what it was before any request. */
  async #reset(): Promise<void> {
    this.#startTimer(this.#defaultLimit);
    await this.#exec(new Packet().sync(), []);
    if (this.#db.isInTransaction()) this.#require(await this.#exec(new Packet().query('rollback'), []));
    this.#require(await this.#set(`session_authorization=${this.#owner}`));
    this.#require(await this.#exec(new Packet().query(hygiene), []));
    if (this.#db.isInTransaction()) throw new BrokenSession('a transaction stayed open');
  }

  #require(error: ErrorSource | null): void {
    if (error) throw new BrokenSession(error.message);
  }

  /** Sends messages and hands the answers to the sinks, one per statement; returns the first error. */
  async #exec(packet: Packet, sinks: Sink[]): Promise<ErrorSource | null> {
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
}

/** Reads the answer of `show statement_timeout`, such as `5s` or `1500ms`; 0 means none. */
class TimeoutSink implements Sink {
  milliseconds = 0;

  fields(_fields: Field[]): void {}

  row([value]: (string | null)[]): void {
    const [, digits, unit = ''] = /^(\d+)(\w*)$/.exec(value ?? '') ?? [];
    const factors: Record<string, number> = { ms: 1, s: 1e3, min: 6e4, h: 36e5, d: 864e5 };
    this.milliseconds = Number(digits ?? 0) * (factors[unit] ?? 1);
  }

  complete(_tag: string): void {}
}

/**
 * On a server a plain user cannot become another session user. Here the session is a superuser's in
 * disguise, and could be: so the statement is refused by its text.
 */
function refuseEscape({ statements }: SqlRequest, role: Role): void {
  if (role.superuser) return;
  if (statements.some(({ text }) => /\bsession[\s_]+authorization\b/i.test(text))) {
    throw new RequestError(400, '42501', 'permission denied to set session authorization');
  }
}

function fatal(code: string, message: string): RequestError {
  return new RequestError(400, code, message);
}
