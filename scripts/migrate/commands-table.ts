/** A flag of a command. */
export interface Flag {
  readonly type: 'boolean' | 'string';
  /** What stands behind the flag in the help, such as NAME. */
  readonly value?: string;
  readonly help: string;
}

/** A command as its help shows it and its arguments are checked against. */
export interface Command {
  readonly summary: string;
  /** The positional argument, if it takes one. */
  readonly argument?: { readonly name: string; readonly help: string };
  readonly flags: Readonly<Record<string, Flag>>;
  /** Settings it cannot do without. */
  readonly settings: readonly string[];
  readonly detail: string;
}

const DIR: Flag = { type: 'string', value: 'PATH', help: 'directory of the migrations (default drizzle)' };
const DIRECT: Flag = {
  type: 'boolean',
  help: 'over TCP instead of HTTP: any PostgreSQL server, and DDL that takes long',
};
const JSON_FLAG: Flag = {
  type: 'boolean',
  help: 'the result as JSON on standard output; progress goes to standard error',
};
const DRY_RUN: Flag = { type: 'boolean', help: 'print the SQL and the target; change nothing' };
const LIMITS: Readonly<Record<string, Flag>> = {
  'lock-timeout': { type: 'string', value: 'MS', help: 'longest wait for one lock (default 1000)' },
  'lock-attempts': { type: 'string', value: 'N', help: 'tries per file when a lock is not free in time (default 20)' },
  'statement-timeout': {
    type: 'string',
    value: 'MS',
    help: 'longest run of one statement, 0 for no limit (default 5000)',
  },
};
const CONNECTION = { dir: DIR, direct: DIRECT, json: JSON_FLAG } as const;
const OWNER = ['MIGRATION_DATABASE_URL'] as const;
const ALL_LOGINS = ['MIGRATION_DATABASE_URL', 'DATABASE_URL', 'SERVICE_DATABASE_URL'] as const;

/** Every command of `scripts/migrate.ts`. */
export const commands: Readonly<Record<string, Command>> = {
  init: {
    summary: 'prepare a database: roles, schema, journal',
    flags: {
      direct: DIRECT,
      json: JSON_FLAG,
      'login-statement-timeout': {
        type: 'string',
        value: 'MS',
        help: "the Worker's logins' statement_timeout (default 10000)",
      },
    },
    settings: ALL_LOGINS,
    detail:
      "Creates what is missing and sets the two logins' passwords from their connection strings; running it again is safe.",
  },
  new: {
    summary: 'make the next migration from the schema, or an empty one',
    argument: { name: 'NAME', help: 'what changes, in snake_case, such as add_webhooks' },
    flags: {
      dir: DIR,
      custom: { type: 'boolean', help: 'an empty file to write SQL into (functions, data, policies)' },
      config: { type: 'string', value: 'PATH', help: 'drizzle-kit configuration (default drizzle.config.ts)' },
      json: JSON_FLAG,
    },
    settings: [],
    detail: 'Runs drizzle-kit generate and writes the down file beside it, drafted where the snapshots allow it.',
  },
  list: {
    summary: 'show every migration and its state',
    flags: CONNECTION,
    settings: OWNER,
    detail: 'States: applied, pending, changed, out_of_order, unknown, started.',
  },
  push: {
    summary: 'apply what is pending',
    flags: {
      ...CONNECTION,
      'dry-run': DRY_RUN,
      retry: { type: 'string', value: 'NAME', help: 'run a no-transaction migration again that broke off' },
      ...LIMITS,
    },
    settings: OWNER,
    detail: 'One atomic batch per file. Refuses while anything is changed, out of order, unknown, started or INVALID.',
  },
  down: {
    summary: 'roll back the last N migrations',
    argument: { name: 'N', help: 'how many' },
    flags: {
      ...CONNECTION,
      'dry-run': DRY_RUN,
      yes: { type: 'boolean', help: 'do it without asking; needed outside ENVIRONMENT=development' },
      ...LIMITS,
    },
    settings: OWNER,
    detail: 'Every one of them must have a file in the directory down/; if one is missing nothing is done.',
  },
  check: {
    summary: 'fail if the database is not what the migrations say',
    flags: CONNECTION,
    settings: ALL_LOGINS,
    detail:
      "Pending or changed migrations, INVALID indexes, drift against a fresh embedded PostgreSQL, and Worker's roles that are too strong.",
  },
  reset: {
    summary: 'drop everything of Gatehouse and apply all migrations again',
    flags: {
      ...CONNECTION,
      database: {
        type: 'string',
        value: 'NAME',
        help: "the target database's name, typed; needed outside ENVIRONMENT=development",
      },
    },
    settings: ALL_LOGINS,
    detail: 'All data of Gatehouse in that database is lost. Other tables stay.',
  },
  lint: {
    summary: 'look for DDL that would block or break a running service (squawk)',
    flags: { dir: DIR },
    settings: [],
    detail: 'Rules that are switched off stand in .squawk.toml with their reason.',
  },
};

const SETTINGS_HELP = `Settings (environment, or KEY=VALUE lines in .dev.vars):
  MIGRATION_DATABASE_URL   the owner of the schema
  DATABASE_URL             the Worker's login for members
  SERVICE_DATABASE_URL     the Worker's login for administrators and the system
  NEON_SQL_ENDPOINT        SQL over HTTP on this machine (npm run neon-local), instead of Neon
  ENVIRONMENT              development allows down and reset without confirmation`;

const EXIT_HELP =
  'Exit code: 0 done, 1 refused, failed or (check, lint) problems found, 2 wrong arguments or settings.';

/** The help of one command, or of all. */
export function helpText(name?: string): string {
  const command = name === undefined ? undefined : commands[name];
  if (name === undefined || command === undefined) {
    const lines = Object.entries(commands).map(([key, { summary }]) => `  ${key.padEnd(7)}${summary}`);
    return [
      'Usage: npm run migrate:COMMAND -- [options]',
      '',
      ...lines,
      '',
      SETTINGS_HELP,
      '',
      EXIT_HELP,
      '',
      'More: npm run migrate:COMMAND -- --help',
    ].join('\n');
  }
  const argument = command.argument === undefined ? '' : ` ${command.argument.name}`;
  const flags = Object.entries({ ...command.flags, help: { type: 'boolean', help: 'this text' } as Flag }).map(
    ([flag, { value, help }]) => `  --${`${flag}${value === undefined ? '' : ` ${value}`}`.padEnd(30)} ${help}`,
  );
  const described =
    command.argument === undefined ? [] : [`  ${command.argument.name.padEnd(32)} ${command.argument.help}`];
  return [
    `Usage: npm run migrate:${name} --${argument} [options]`,
    '',
    `${command.summary[0]?.toUpperCase() ?? ''}${command.summary.slice(1)}. ${command.detail}`,
    '',
    ...described,
    ...flags,
    '',
    ...(command.settings.length === 0 ? [] : [`Needs: ${command.settings.join(', ')}`, '', SETTINGS_HELP, '']),
    EXIT_HELP,
  ].join('\n');
}
