import { randomBytes } from 'node:crypto';

import { PGlite } from '@electric-sql/pglite';
import { afterAll, beforeAll, beforeEach } from 'vitest';

import {
  LegacyError,
  type LegacySession,
  normalize,
  type NormalizeOptions,
  type NormalizeResult,
  pgliteSession,
} from '../../src/db/legacy/index.ts';
import { applyMigrations, connectPglite, initialize } from '../../src/db/migrate/index.ts';
import { parseKeyRing } from '../../src/lib/keys.ts';
import { createSealer, type Sealer } from '../../src/lib/sealing.ts';

export type Rows = Record<string, unknown>[];

/** An embedded database with Gatehouse in it, emptied before each test. */
export interface LegacyDatabase {
  readonly session: LegacySession;
  readonly sealer: Sealer;
  /** Statements, as the owner. */
  run(text: string): Promise<unknown>;
  /** The rows of one statement, as the owner; all values as text or JSON. */
  query(text: string, values?: unknown[]): Promise<Rows>;
  /** The rows of one statement, as a SQL client. */
  asClient(text: string): Promise<Rows>;
  normalize(options?: NormalizeOptions): Promise<NormalizeResult>;
}

/** A sealer with a key of its own. */
export function freshSealer(): Sealer {
  return createSealer(parseKeyRing('TOKEN_KEYS', `test:${randomBytes(32).toString('base64')}`, 'test'));
}

export function useLegacyDatabase(): LegacyDatabase {
  let opened: PGlite | undefined;
  const database = (): PGlite => {
    if (opened === undefined) throw new Error('the database is opened before the first test');
    return opened;
  };
  const sealer = freshSealer();
  const session: LegacySession = {
    query: async (text, values) => pgliteSession(database()).query(text, values),
    close: async () => {},
  };
  beforeAll(async () => {
    opened = await PGlite.create();
    const connection = connectPglite(opened);
    const login = (name: string) => ({ name, password: name });
    await initialize({ connection, logins: { app: login('gatehouse_app'), service: login('gatehouse_service') } });
    await applyMigrations({ connection, directory: 'drizzle', statementTimeout: 0 });
  });
  beforeEach(async () => {
    await database().exec(`drop schema if exists dev cascade; drop schema if exists dev_archive cascade;
      truncate public.users cascade; truncate public.legacy_runs cascade;
      alter table public.users drop constraint if exists gatehouse_legacy_email_id`);
  });
  afterAll(async () => database().close());
  return {
    session,
    sealer,
    run: async (text) => database().exec(text),
    query: async (text, values) => (await database().query<Record<string, unknown>>(text, values)).rows,
    asClient: async (text) => {
      await database().exec('set role gatehouse_sql');
      try {
        return (await database().query<Record<string, unknown>>(text)).rows;
      } finally {
        await database().exec('reset role');
      }
    },
    normalize: async (options) => normalize({ session, schema: 'dev', sealer, options }),
  };
}

/** The LegacyError that the work must end in. */
export async function refusalOf(work: Promise<unknown>): Promise<LegacyError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof LegacyError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

/** A legacy table of few columns, for a test that says what else is in it. */
export const SMALL_TABLE = `create schema dev;
  create table dev.users (id text primary key, email text, created_at timestamptz default now(), display_name text, role text,
    access_token text, refresh_token text, client_id text, token_expiration_date text, refresh_expired boolean,
    access_token_2 text, refresh_token_2 text, token_expiration_date_2 text,
    telegram_id text, telegram_signup_token text, signal_source_uuid text)`;
