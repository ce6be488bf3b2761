/** What `npm run legacy` takes, and how its help shows it. */

/** All options there are; each command takes some of them. */
export const options = {
  schema: { type: 'string' },
  'dry-run': { type: 'boolean' },
  json: { type: 'boolean' },
  resume: { type: 'boolean' },
  'time-zone': { type: 'string' },
  'keep-plain': { type: 'boolean' },
  dependents: { type: 'string' },
  all: { type: 'boolean' },
  sample: { type: 'string' },
  'accept-removed': { type: 'boolean' },
  'lock-timeout': { type: 'string' },
  'lock-attempts': { type: 'string' },
  'batch-size': { type: 'string' },
} as const;

export type OptionName = keyof typeof options;

const texts: Readonly<Record<OptionName, readonly [value: string, help: string]>> = {
  schema: ['NAME', 'the legacy schema, such as dev; needed'],
  'dry-run': ['', 'say what would be done; change nothing'],
  json: ['', 'the result as JSON on standard output'],
  resume: ['', 'go on from an attempt that was broken off: users_old is the table to move'],
  'time-zone': ['ZONE', 'of dates that name none, such as Europe/Berlin (default UTC)'],
  'keep-plain': ['', 'leave tokens as text, for old SQL readers; set SEAL_SQL_VALUES=off before'],
  dependents: ['refuse|keep', 'views that know the old table: refuse (default), or keep them on users_old'],
  all: ['', 'compare every user, opening every token, not a sample'],
  sample: ['N', 'how many users to compare (default 1000)'],
  'accept-removed': ['', 'users of users_old who are gone were deleted since'],
  'lock-timeout': ['MS', 'longest wait for one lock (default 5000)'],
  'lock-attempts': ['N', 'tries when a lock is not free in time (default 10)'],
  'batch-size': ['N', 'rows held in memory at once (default 1000)'],
};

export interface CommandHelp {
  readonly summary: string;
  readonly detail: string;
  readonly options: readonly OptionName[];
}

const COMMON = ['schema', 'json', 'batch-size'] as const;
const LOCKS = ['lock-timeout', 'lock-attempts'] as const;
const COMPARE = ['all', 'sample', 'accept-removed'] as const;

export const commandHelp = {
  normalize: {
    summary: 'move users and credentials of a legacy table into Gatehouse',
    detail: `One transaction: everything or nothing. Foreign keys refer to public.users afterwards; in the
schema stand views and functions under the documented names, and the table as users_old.
Nobody can read or write the table meanwhile. Refuses with a list of all that stands in the way.`,
    options: [...COMMON, 'dry-run', 'time-zone', 'keep-plain', 'dependents', 'resume', ...LOCKS],
  },
  verify: {
    summary: 'check that a normalised schema has everything',
    detail: `The four documented verification queries, and more: every credential of users_old has its
integration and, opened with TOKEN_KEYS, the same token; every foreign key refers to public.users
and is validated. Changes nothing. Exit code 1 when something is missing.`,
    options: [...COMMON, ...COMPARE],
  },
  rollback: {
    summary: 'put the legacy table back, with what was written since',
    detail: `One transaction: everything or nothing. Views and functions go; the table has its name, its foreign
keys and its rows again. What was written since is in its columns: profiles, new users, new tokens
as text, ids. Rows that nobody touched are what they were. What has no column (a second account,
WhatsApp, labels) stays in public.user_integrations, and is listed.`,
    options: [...COMMON, 'dry-run', ...LOCKS],
  },
  finish: {
    summary: 'verify, and drop users_old: after it there is no way back but a backup',
    detail: 'Refuses while verify finds something missing. Views and functions stay.',
    options: [...COMMON, 'dry-run', ...COMPARE, ...LOCKS],
  },
} as const satisfies Record<string, CommandHelp>;

export type CommandName = keyof typeof commandHelp;

const SETTINGS = `Settings (environment, or KEY=VALUE lines in .dev.vars):
  MIGRATION_DATABASE_URL   the owner of Gatehouse's tables, who may alter the legacy ones too; over TCP
  TOKEN_KEYS               the key ring that tokens are sealed under, the same as the Worker's
  TOKEN_KEY_ACTIVE         the key of it that seals`;

const EXIT = 'Exit code: 0 done, 1 refused or something is missing, 2 wrong arguments or settings.';

/** Whether there is a command of that name. */
export function isCommand(name: string | undefined): name is CommandName {
  return name !== undefined && Object.hasOwn(commandHelp, name);
}

/** The help of one command, or of all. */
export function helpText(name: string | undefined): string {
  if (!isCommand(name)) {
    const lines = Object.entries(commandHelp).map(([key, { summary }]) => `  ${key.padEnd(11)}${summary}`);
    return [
      'npm run legacy -- COMMAND --schema NAME [options]',
      'The way from a table of users that carries credentials into Gatehouse, and back: docs/migration-guide.md.',
      lines.join('\n'),
      SETTINGS,
      `${EXIT}\nMore: npm run legacy -- COMMAND --help`,
    ].join('\n\n');
  }
  const { summary, detail, options: own } = commandHelp[name];
  const lines = own.map((option) => {
    const [value, help] = texts[option];
    return `  ${`--${option}${value === '' ? '' : ` ${value}`}`.padEnd(28)}${help}`;
  });
  return [
    `npm run legacy -- ${name} --schema NAME [options]`,
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.\n${detail}`,
    lines.join('\n'),
    SETTINGS,
    EXIT,
  ].join('\n\n');
}
