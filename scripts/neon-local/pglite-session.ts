/**
 * Runs one request on PGlite as its user: log in, settings of the role, the statements, and everything
 * put back. PGlite has one session, so what a server does by separate connections is done here by hand.
 */
import type { PGlite } from '@electric-sql/pglite';
import { errorAnswer, refusal, RequestError } from './errors.ts';
import { SessionAuthorization } from './pglite-authorization.ts';
import { BrokenSession, PgliteConnection, TimeoutSink } from './pglite-connection.ts';
import { logIn } from './pglite-login.ts';
import type { Role } from './pglite-login.ts';
import { ignore, maxResponse, resultsBody, ResultWriter, tooLarge } from './results.ts';
import type { Sink } from './results.ts';
import type { Answer, SqlRequest } from './types.ts';
import { Packet } from './wire.ts';

interface SessionOptions {
  /** Tells the watching thread how long what starts now may run, in milliseconds. */
  startTimer: (limit: number) => void;
  /** milliseconds, where no statement_timeout is set */
  defaultLimit: number;
}

interface SessionUser {
  readonly owner: string;
  readonly authorization: SessionAuthorization;
}

// What DISCARD ALL does, but for cached plans: planning PL/pgSQL anew on every request is slow.
const hygiene = `reset all; close all; unlisten *; select pg_catalog.pg_advisory_unlock_all();
  deallocate all; discard temp; discard sequences`;

export class PgliteSession {
  #db: PgliteConnection;
  #options: SessionOptions;
  #authorization: SessionAuthorization;
  /** The superuser that PGlite was opened as: by name, since the default authorisation is void here. */
  #owner: string;

  private constructor(db: PgliteConnection, options: SessionOptions, to: SessionUser) {
    this.#db = db;
    this.#options = options;
    this.#authorization = to.authorization;
    this.#owner = to.owner;
  }

  /** Opens a session on a database that just started. */
  static async open(pglite: PGlite, options: SessionOptions): Promise<PgliteSession> {
    const db = new PgliteConnection(pglite);
    const owner = (await db.value('select session_user')) ?? '';
    const authorization = await SessionAuthorization.open(pglite, db, owner);
    return new PgliteSession(db, options, { owner, authorization });
  }

  /**
   * Runs a request and answers it.
   * @throws BrokenSession when the session could not be put back
   */
  async run(request: SqlRequest): Promise<Answer> {
    let answer: Answer;
    try {
      const role = await logIn(this.#db, request.login);
      await this.#become(request.login.user, role);
      answer = await this.#statements(request);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      answer = refusal(error);
    }
    await this.#reset();
    return answer;
  }

  /** Takes the role, and the settings it has on connecting. */
  async #become(user: string, { settings, superuser }: Role): Promise<void> {
    const isRole = (entry: string): boolean => entry.startsWith('role=');
    // Not even a role's own settings make it another user.
    const others = settings.filter((entry) => !isRole(entry) && !entry.startsWith('session_authorization='));
    await this.#apply(others);
    const error = await this.#db.set('session_authorization', user);
    if (error) throw new BrokenSession(error.message);
    if (!superuser) this.#authorization.lock();
    await this.#apply(settings.filter(isRole));
  }

  /** Like a server, goes on when a setting of a role is invalid: hence no look at the errors. */
  async #apply(settings: string[]): Promise<void> {
    for (const entry of settings) {
      const at = entry.indexOf('=');
      await this.#db.set(entry.slice(0, at), entry.slice(at + 1));
    }
  }

  /** Runs the statements one by one: each may have changed the time limit of the next. */
  async #statements(request: SqlRequest): Promise<Answer> {
    const { begin, statements, rawText } = request;
    const budget = { left: maxResponse };
    const writers = statements.map(({ arrayMode }) => new ResultWriter({ arrayMode, rawText, budget }));
    const timeout = new TimeoutSink();
    timeout.milliseconds = await this.#db.statementTimeout();
    const count = Math.max(statements.length, 1);
    for (let i = 0; i < count; i++) {
      const packet = new Packet();
      const sinks: Sink[] = [];
      const last = i === count - 1;
      if (begin !== undefined && i === 0) sinks.push(packet.statement(begin) && ignore);
      const [statement, writer] = [statements[i], writers[i]];
      if (statement && writer) sinks.push(packet.statements([statement]) && writer);
      if (!last) sinks.push(timeout.ask(packet) && timeout);
      else if (begin !== undefined) sinks.push(packet.statement('COMMIT') && ignore);
      if (last) packet.sync();
      this.#options.startTimer(timeout.milliseconds || this.#options.defaultLimit);
      const error = await this.#db.exec(packet, sinks);
      if (error) return errorAnswer(error);
      if (budget.left < 0) return tooLarge();
    }
    return { status: 200, body: resultsBody(writers, begin !== undefined) };
  }

  /** Puts the session back to what it was before any request. */
  async #reset(): Promise<void> {
    this.#options.startTimer(this.#options.defaultLimit);
    await this.#db.exec(new Packet().sync(), []);
    if (this.#db.inTransaction) await this.#db.demand(new Packet().query('rollback'));
    this.#authorization.unlock();
    const error = await this.#db.set('session_authorization', this.#owner);
    if (error) throw new BrokenSession(error.message);
    await this.#db.demand(new Packet().query(hygiene));
    if (this.#db.inTransaction) throw new BrokenSession('a transaction stayed open');
  }
}
