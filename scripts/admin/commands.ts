import type { MigrationConnection } from '../../src/db/migrate/index.ts';
import { scopesFor } from '../../src/scopes.ts';
import { readDays, readName, readScopes } from './arguments.ts';
import type { Result } from './result.ts';
import { createServiceToken, listServiceTokens, revokeToken } from './tokens.ts';
import { grant, revoke, suspend, unsuspend } from './users.ts';

export const help = `
npm run admin -- COMMAND [options]

What only the owner of the database may do: the first administrator, the deployment's own tokens.

  grant EMAIL           make a user with a verified address a platform administrator; ends the user's
                        sessions, since an administrator's end sooner: sign in again. Says whose
                        account it is, and since when the address is proven. Refused where the address
                        was never proven, or the account changed to it within seven days: look at
                        it, and name the account
    --user ID           the account that is meant, by the id that was printed
  revoke EMAIL          take that back; it holds from the next call on
  suspend EMAIL         refuse all of a user's sessions and tokens, from the next call on
  unsuspend EMAIL       take that back; sessions and tokens that have not expired work again
  token create          make a service token; its secret is printed this once, and nothing else is
                        on standard output (with --json it is "token" of one object)
    --scopes A,B        what it may do: ${scopesFor('service').slice(0, 4).join(', ')},
                        ${scopesFor('service').slice(4, 8).join(', ')},
                        ${scopesFor('service').slice(8).join(', ')}
    --name NAME         what it is for (default "service token")
    --days N            when it expires, 1 to 365 days from now (default 90)
  token list            the service tokens there are
  token revoke ID       end a token of any kind, from the next call on; ID may be the secret itself,
                        such as one that leaked

  --json                the result as JSON on standard output
  --dev                 the database of npm run dev in this directory, whatever the settings say
  --direct              over TCP instead of HTTP: any PostgreSQL server

It connects as the migration commands do: to MIGRATION_DATABASE_URL (and NEON_SQL_ENDPOINT) of the
environment or .dev.vars. Without that setting, to the database of the npm run dev that runs in this
directory. The target is printed first, on standard error.
Exit code: 0 done, 1 refused, 2 wrong arguments or settings.
`;

export const options = {
  user: { type: 'string' },
  scopes: { type: 'string' },
  name: { type: 'string' },
  days: { type: 'string' },
  json: { type: 'boolean' },
  dev: { type: 'boolean' },
  direct: { type: 'boolean' },
} as const;

/** The words of one call. */
export interface Call {
  readonly argument: string;
  readonly flags: {
    readonly user?: string;
    readonly scopes?: string;
    readonly name?: string;
    readonly days?: string;
    readonly json?: boolean;
    readonly dev?: boolean;
    readonly direct?: boolean;
  };
}

export interface Command {
  /** What must stand behind the name. */
  readonly argument?: string;
  /** Its own options. */
  readonly flags: readonly string[];
  /**
   * Reads the words, before the database is asked.
   * @throws UsageError
   */
  prepare(call: Call): (connection: MigrationConnection) => Promise<Result>;
}

type AboutUser = (connection: MigrationConnection, email: string) => Promise<Result>;

const aboutUser = (run: AboutUser): Command => ({
  argument: 'EMAIL',
  flags: [],
  prepare:
    ({ argument }) =>
    (connection) =>
      run(connection, argument.trim()),
});

/** Every command, by its name. */
export const commands: Readonly<Partial<Record<string, Command>>> = {
  grant: {
    argument: 'EMAIL',
    flags: ['user'],
    prepare:
      ({ argument, flags }) =>
      (connection) =>
        grant(connection, argument.trim(), flags.user?.trim()),
  },
  revoke: aboutUser(revoke),
  suspend: aboutUser(suspend),
  unsuspend: aboutUser(unsuspend),
  'token create': {
    flags: ['scopes', 'name', 'days'],
    prepare: ({ flags }) => {
      const wanted = { scopes: readScopes(flags.scopes), name: readName(flags.name), days: readDays(flags.days) };
      return (connection) => createServiceToken(connection, wanted);
    },
  },
  'token list': { flags: [], prepare: () => listServiceTokens },
  'token revoke': {
    argument: 'ID',
    flags: [],
    prepare:
      ({ argument }) =>
      (connection) =>
        revokeToken(connection, argument),
  },
};
