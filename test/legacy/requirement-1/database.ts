import { PGlite } from '@electric-sql/pglite';
import pg from 'pg';
import { randomKeyRing, randomPassword } from '../../../scripts/support/stack.ts';
import { type LegacySession, normalize, openSession, pgliteSession } from '../../../src/db/legacy/index.ts';
import { applyMigrations, connectPglite, initialize } from '../../../src/db/migrate/index.ts';
import { parseKeyRing } from '../../../src/lib/keys.ts';
import { createSealer } from '../../../src/lib/sealing.ts';
import { createLegacySchema } from '../../support/legacy-database.ts';
import { USER } from './statement.ts';

/** What a statement answered. */
export interface Answer {
  readonly columns: readonly string[];
  readonly rows: readonly Record<string, unknown>[];
  /** How many rows were read or changed. */
  readonly count: number;
}

/** A statement with its values. */
export type Call = readonly [sql: string, params?: readonly unknown[]];

/** A legacy schema that was moved, as its SQL clients meet it. What they change is undone. */
export interface MovedDatabase {
  asClient(...calls: readonly Call[]): Promise<readonly Answer[]>;
  asOwner(...calls: readonly Call[]): Promise<readonly Answer[]>;
  close(): Promise<void>;
}

/** Is a member of gatehouse_sql, and has its rights without SET ROLE. */
export const LOGIN = 'workflow_engine';

const IN_AN_HOUR = `to_char(now() at time zone 'UTC' + interval '1 hour', 'YYYY-MM-DD HH24:MI:SS')`;
const CONTENTS = [
  `insert into dev.users (id, email, display_name, position, role, phone_number, time_zone, access_token, refresh_token,
     client_id, token_expiration_date, refresh_expired, access_token_2, refresh_token_2, token_expiration_date_2,
     telegram_id, signal_source_uuid)
   values ('${USER}', 'john@example.com', 'John Doe', 'Engineer', 'admin', '+1234567890', 'America/New_York', 'ya29.a0',
     '1//0g', '123456.apps.googleusercontent.com', ${IN_AN_HOUR}, false, 'ya29.c0', '1//1g', ${IN_AN_HOUR},
     'telegram_123', 'signal_123')`,
  `insert into dev.telegram_messages (sender_id, recipient_id, body)
   values ('telegram_123', 'stranger', 'sent'), ('stranger', 'telegram_123', 'received'), ('a', 'b', 'of others')`,
  'grant usage on all sequences in schema dev to gatehouse_sql',
];

async function move(session: LegacySession, keepPlain: boolean): Promise<void> {
  await createLegacySchema((text) => session.query(text), { users: 40 });
  for (const text of CONTENTS) await session.query(text);
  const keys = randomKeyRing();
  const sealer = createSealer(parseKeyRing('TOKEN_KEYS', keys, keys.slice(0, keys.indexOf(':'))));
  await normalize({ session, schema: 'dev', sealer, options: { keepPlain } });
}

/** On an embedded PostgreSQL of its own; the move sealed its tokens. */
export async function openMovedPglite(): Promise<MovedDatabase> {
  const database = await PGlite.create();
  const connection = connectPglite(database);
  const logins = {
    app: { name: 'gatehouse_app', password: randomPassword() },
    service: { name: 'gatehouse_service', password: randomPassword() },
  };
  await initialize({ connection, logins });
  await applyMigrations({ connection, directory: 'drizzle' });
  await move(pgliteSession(database), false);
  await database.exec(`create role ${LOGIN} login in role gatehouse_sql`);
  const run = async (login: string, calls: readonly Call[]): Promise<Answer[]> => {
    await database.exec(`begin; set local session authorization ${login}; set local search_path = dev, public`);
    try {
      const answers: Answer[] = [];
      for (const [text, params = []] of calls) {
        const { rows, fields, affectedRows } = await database.query<Record<string, unknown>>(text, [...params]);
        const columns = fields.map(({ name }) => name);
        answers.push({ rows, columns, count: columns.length > 0 ? rows.length : (affectedRows ?? 0) });
      }
      return answers;
    } finally {
      await database.exec('rollback');
    }
  };
  return {
    asClient: (...calls) => run(LOGIN, calls),
    asOwner: (...calls) => run('postgres', calls),
    close: () => database.close(),
  };
}

/** In a migrated database of a server; the move left its tokens as text. `login`: the URL that the client connects by. */
export async function openMovedServer(owner: string, login: string): Promise<MovedDatabase> {
  const session = await openSession(owner);
  await move(session, true);
  await session.close();
  const run = async (url: string, calls: readonly Call[]): Promise<Answer[]> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query('begin');
      await client.query('set local search_path = dev, public');
      const answers: Answer[] = [];
      for (const [text, params = []] of calls) {
        const { rows, fields, rowCount } = await client.query<Record<string, unknown>>(text, [...params]);
        answers.push({ rows, columns: fields.map(({ name }) => name), count: rowCount ?? 0 });
      }
      return answers;
    } finally {
      await client.end();
    }
  };
  return {
    asClient: (...calls) => run(login, calls),
    asOwner: (...calls) => run(owner, calls),
    close: async () => {},
  };
}
