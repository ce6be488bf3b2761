import { AppError, databaseError, fromDatabase } from '../errors.ts';
import type { Credential } from '../lib/credentials.ts';
import { type Connection, isNetworkError, isUnreachable } from './client.ts';
import { type Db, plain, type Results, type Statement } from './statement.ts';

/** Whom a call acts on, and what it asks of the caller. The gate in the database holds the caller against it. */
export type Requirement = {
  /** What an API token must carry. Without it, tokens are refused. */
  readonly scope?: string;
  /** Seconds since the person last proved who they are. Sessions only. */
  readonly freshWithin?: number;
  /** The same of sessions, while API tokens with the scope go on without. */
  readonly sessionFreshWithin?: number;
} & (
  | { readonly subject: 'self' }
  | { readonly subject: 'user'; readonly userId: string }
  | { readonly subject: 'organization'; readonly organizationId: string; readonly role: OrganizationRole }
  | { readonly subject: 'platform' }
);

export type OrganizationRole = 'member' | 'admin' | 'owner';

/** Sends statements behind the gate, as one request and one transaction, and answers their results in order. */
export type Gate = <const T extends readonly Statement[]>(build: (db: Db) => T) => Promise<Results<T>>;

const TIMEOUT_MS = 5_000;
const touch = plain('select from gatehouse.touch()');

/**
 * The gate for one credential and requirement: `enter`, the caller's own statements, `touch`.
 * Re-sent once, whole and identical, after a network error, a deadlock or a serialisation failure; so ids and secrets
 * are made before, and every statement must stand being run again (DESIGN §2, "Lost answers").
 * @throws AppError for every refusal of the database that src/errors.ts knows
 */
export function memberGate(connection: Connection, credential: Credential, requirement: Requirement): Gate {
  return async (build) => {
    const { db } = connection;
    const demand = JSON.stringify({ ...requirement, credential: credential.kind, timeoutMs: TIMEOUT_MS });
    const enter = plain('select from gatehouse.enter($1, $2::jsonb)', [await credential.hash(), demand]);
    const results = await sendOnceMore(connection, [enter, ...build(db), touch]).catch((error: unknown) => {
      throw credential.kind === 'token' ? inWordsForTokens(error, requirement) : error;
    });
    return results.slice(1, -1) as never;
  };
}

/** Another scope, or a step-up, would not help a token where sessions alone may call: the refusal says so. */
function inWordsForTokens(error: unknown, { scope, freshWithin }: Requirement): unknown {
  if (!(error instanceof AppError) || (scope !== undefined && freshWithin === undefined)) return error;
  if (error.code !== 'scope.missing' && error.code !== 'step_up.required') return error;
  return new AppError(error.code, { message: 'Only a session may make this call, no API token.', cause: error });
}

/** The gate for work without a caller: before sign-in, cron, queues. A contract test lists the files that may use it. */
export function systemGate(connection: Connection, timeoutMs = TIMEOUT_MS): Gate {
  return async (build) => {
    const { db } = connection;
    const enter = plain('select from gatehouse.enter_system($1)', [timeoutMs]);
    const results = await sendOnceMore(connection, [enter, ...build(db)]);
    return results.slice(1) as never;
  };
}

async function sendOnceMore(connection: Connection, statements: [Statement, ...Statement[]]): Promise<unknown[]> {
  try {
    return await connection.send(statements);
  } catch (error) {
    if (!isWorthRepeating(error)) throw meaningOf(error);
  }
  try {
    return await connection.send(statements);
  } catch (error) {
    throw meaningOf(error);
  }
}

function isWorthRepeating(error: unknown): boolean {
  const sqlstate = databaseError(error)?.sqlstate;
  return isNetworkError(error) || sqlstate === '40P01' || sqlstate === '40001';
}

function meaningOf(error: unknown): unknown {
  if (isUnreachable(error)) return new AppError('service.unavailable', { cause: error });
  return fromDatabase(error) ?? error;
}
