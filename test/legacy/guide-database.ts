import { PGlite } from '@electric-sql/pglite';
import { normalize, type NormalizeOptions, pgliteSession } from '../../src/db/legacy/index.ts';
import { applyMigrations, connectPglite, initialize } from '../../src/db/migrate/index.ts';
import { createLegacySchema } from '../support/legacy-database.ts';
import { freshSealer } from './support.ts';

/** The rows of the last statement of a text. */
export type Rows = readonly Record<string, unknown>[];

/** The database that the guide's statements meet: a legacy schema `dev` with `user_123`, and Gatehouse beside it. */
export interface GuideDatabase {
  /** Runs statements as the owner; what they change is undone. */
  asOwner(text: string): Promise<Rows>;
  /** Runs statements as a login that has role `gatehouse_sql`; what they change is undone. */
  asClient(text: string): Promise<Rows>;
  /** Moves the schema, and makes the login. */
  move(options: NormalizeOptions): Promise<void>;
  close(): Promise<void>;
}

const IN_AN_HOUR = `to_char(now() at time zone 'UTC' + interval '1 hour', 'YYYY-MM-DD HH24:MI:SS')`;
const JOHN = `insert into dev.users (id, email, display_name, role, access_token, refresh_token, client_id, token_expiration_date,
    access_token_2, refresh_token_2, token_expiration_date_2, telegram_id, telegram_signup_token, signal_source_uuid)
  values ('user_123', 'john@example.com', 'John Doe', 'admin', 'ya29.gmail', '1//gmail', '1.apps.example', ${IN_AN_HOUR},
    'ya29.calendar', '1//calendar', ${IN_AN_HOUR}, 'telegram_123', 'signup', 'signal_123')`;

export async function openGuideDatabase(): Promise<GuideDatabase> {
  const database = await PGlite.create();
  const connection = connectPglite(database);
  await initialize({
    connection,
    logins: { app: { name: 'gatehouse_app', password: 'a' }, service: { name: 'gatehouse_service', password: 's' } },
  });
  await applyMigrations({ connection, directory: 'drizzle' });
  await createLegacySchema((text) => database.exec(text), { users: 12 });
  // What SQL clients may do afterwards, the move gives them.
  await database.exec('revoke all on dev.users from gatehouse_sql');
  await database.exec(JOHN);
  await database.exec(
    `insert into dev.telegram_messages (sender_id, recipient_id) values ('telegram_123', 'telegram_9')`,
  );

  async function run(text: string, login: string): Promise<Rows> {
    await database.exec(`begin; set local session authorization ${login}; set local search_path = dev, public`);
    try {
      const results = await database.exec(text);
      return results.findLast(({ fields }) => fields.length > 0)?.rows ?? [];
    } finally {
      await database.exec('rollback');
    }
  }

  return {
    asOwner: (text) => run(text, 'postgres'),
    asClient: (text) => run(text, 'n8n_test'),
    move: async (options) => {
      await normalize({ session: pgliteSession(database), schema: 'dev', sealer: freshSealer(), options });
      await database.exec('create role n8n_test login in role gatehouse_sql');
    },
    close: () => database.close(),
  };
}
