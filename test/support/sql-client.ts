import { neon, neonConfig } from '@neondatabase/serverless';
import { newId } from '../../src/lib/ids.ts';

/** A refusal as a SQL client sees it. */
export interface SqlRefusal {
  readonly code: string;
  readonly message: string;
  /** Our error code, where we raised it. */
  readonly detail: string | undefined;
}

/** SQL under a role of the database, `gatehouse_sql` unless told otherwise: what a workflow engine sends. */
export interface SqlClient {
  query<T = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<T[]>;
  /** The one column of the first row. */
  value<T = unknown>(text: string, params?: readonly unknown[]): Promise<T>;
  /** The rows of each of several statements in one transaction. */
  batch(statements: readonly (readonly [text: string, params?: readonly unknown[]])[]): Promise<unknown[][]>;
  /** What was refused; throws where nothing was. */
  refusal(text: string, params?: readonly unknown[]): Promise<SqlRefusal>;
}

interface Settings {
  readonly OWNER_URL: string;
  readonly NEON_SQL_ENDPOINT: string;
}

/** `context`: settings of the transaction besides the role, as the gate or a forger would set them. */
export function connectSqlClient(
  settings: Settings,
  role = 'gatehouse_sql',
  context: Readonly<Record<string, string>> = {},
): SqlClient {
  neonConfig.fetchEndpoint = settings.NEON_SQL_ENDPOINT;
  const sql = neon(settings.OWNER_URL);
  const set = Object.entries({ ...context, role });
  const batch: SqlClient['batch'] = async (statements) => {
    const entering = set.map(([name, value]) => sql.query('select set_config($1, $2, true)', [name, value]));
    const given = statements.map(([text, params = []]) => sql.query(text, [...params]));
    return (await sql.transaction([...entering, ...given])).slice(set.length);
  };
  const query = async (text: string, params?: readonly unknown[]): Promise<Record<string, unknown>[]> =>
    ((await batch([[text, params]]))[0] ?? []) as Record<string, unknown>[];
  return {
    batch,
    query: (text, params) => query(text, params) as never,
    value: async (text, params) => Object.values((await query(text, params))[0] ?? {})[0] as never,
    refusal: async (text, params) => {
      const error = await query(text, params).then(
        () => null,
        (refused: unknown) => refused,
      );
      if (!(error instanceof Error)) throw new Error(`Nothing was refused: ${text}`);
      const { code, detail } = error as Error & { code?: string; detail?: string };
      return { code: code ?? '', message: error.message, detail: detail ?? undefined };
    },
  };
}

/** A user for SQL tests, without a session. */
export async function newUser(owner: Pick<SqlClient, 'query'>, id = newId()): Promise<string> {
  await owner.query('insert into users (id, email, display_name) values ($1, $2, $3)', [
    id,
    `${id}@example.com`,
    'John Doe',
  ]);
  return id;
}
