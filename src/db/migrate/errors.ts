/** Every way a migration command may refuse. `noun.state`; a program may switch on it, so it is never renamed. */
export type MigrationErrorCode =
  | 'confirmation.missing'
  | 'database.not_initialized'
  | 'database.refused'
  | 'database.unreachable'
  | 'directory.invalid'
  | 'down.missing'
  | 'down.too_many'
  | 'file.invalid'
  | 'file.too_large'
  | 'generate.failed'
  | 'generate.nothing'
  | 'index.invalid'
  | 'lint.failed'
  | 'migration.changed'
  | 'migration.failed'
  | 'migration.locked'
  | 'migration.out_of_order'
  | 'migration.started'
  | 'migration.unknown'
  | 'name.invalid'
  | 'reset.refused'
  | 'retry.invalid'
  | 'role.unusable'
  | 'setting.invalid'
  | 'setting.missing';

/** An expected refusal. The message names the file, setting or role and says what to do; it never holds a password. */
export class MigrationError extends Error {
  readonly code: MigrationErrorCode;

  constructor(code: MigrationErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'MigrationError';
    this.code = code;
  }
}

/** What PostgreSQL said, whichever driver carried it. */
export interface DatabaseRefusal {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | undefined;
  readonly hint: string | undefined;
}

/** The refusal inside a driver's error (pg, Neon's and PGlite's agree on these fields), or null if the error is not one. */
export function databaseRefusal(error: unknown): DatabaseRefusal | null {
  if (!(error instanceof Error)) return null;
  const { code, detail, hint } = error as Error & { code?: unknown; detail?: unknown; hint?: unknown };
  if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code)) return null;
  return {
    sqlstate: code,
    message: error.message,
    detail: typeof detail === 'string' && detail !== '' ? detail : undefined,
    hint: typeof hint === 'string' && hint !== '' ? hint : undefined,
  };
}

/** One line for people: message, SQLSTATE, detail, hint. */
export function describeRefusal(refusal: DatabaseRefusal): string {
  const extra = [refusal.detail, refusal.hint].filter((text) => text !== undefined).join(' ');
  return `${refusal.message} (${refusal.sqlstate})${extra === '' ? '' : `. ${extra}`}`;
}
