import { MigrationError, type MigrationErrorCode } from './errors.ts';
import type { MigrationFile } from './files.ts';
import type { JournalRow } from './journal.ts';

/**
 * `applied`: in the journal with this checksum. `pending`: newer than everything applied. `changed`: applied with other
 * text. `out_of_order`: not applied, though a newer one is. `unknown`: in the journal, not on disk. `started`: a
 * no-transaction file that was begun and is not known to have ended.
 */
export type MigrationState = 'applied' | 'pending' | 'changed' | 'out_of_order' | 'unknown' | 'started';

/** One migration, on disk, in the journal or both. Times are ISO 8601, UTC. */
export interface MigrationStatus {
  readonly name: string;
  readonly state: MigrationState;
  readonly startedAt: string | null;
  readonly appliedAt: string | null;
}

/** Compares disk and journal; sorted by name. */
export function migrationStatuses(files: readonly MigrationFile[], journal: readonly JournalRow[]): MigrationStatus[] {
  const rows = new Map(journal.map((row) => [row.name, row]));
  const newest = journal.reduce((name, row) => (row.name > name ? row.name : name), '');
  const onDisk = files.map((file) => {
    const row = rows.get(file.name);
    rows.delete(file.name);
    if (row === undefined) return status(file.name, file.name < newest ? 'out_of_order' : 'pending');
    if (row.checksum !== file.checksum) return status(file.name, 'changed', row);
    return status(file.name, row.appliedAt === null ? 'started' : 'applied', row);
  });
  const lost = [...rows.values()].map((row) => status(row.name, 'unknown', row));
  return [...onDisk, ...lost].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function status(name: string, state: MigrationState, row?: JournalRow): MigrationStatus {
  return { name, state, startedAt: row?.startedAt ?? null, appliedAt: row?.appliedAt ?? null };
}

const REFUSALS: Partial<Record<MigrationState, { code: MigrationErrorCode; what: (file: string) => string }>> = {
  unknown: {
    code: 'migration.unknown',
    what: (file) =>
      `${file} was applied to this database and is not on disk. Get it from the branch that has it, or roll it back from there.`,
  },
  changed: {
    code: 'migration.changed',
    what: (file) =>
      `${file} was changed after it was applied. Restore the applied text (git checkout) and put the change into a new migration.`,
  },
  out_of_order: {
    code: 'migration.out_of_order',
    what: (file) =>
      `${file} is older than a migration that is already applied. Give it the next free number (delete it and run migrate:new again).`,
  },
  started: {
    code: 'migration.started',
    what: (file) => `${file} was begun outside a transaction and is not known to have ended.`,
  },
};

/** Why nothing may be applied in this state, for every migration that stands in the way. Empty: nothing does. */
export function statusProblems(directory: string, statuses: readonly MigrationStatus[]): MigrationError[] {
  const problems: MigrationError[] = [];
  for (const { name, state } of statuses) {
    const refusal = REFUSALS[state];
    if (refusal === undefined) continue;
    let message = refusal.what(`${directory}/${name}.sql`);
    if (state === 'started') message += ` See whether it still runs, then: npm run migrate:push -- --retry ${name}`;
    problems.push(new MigrationError(refusal.code, message));
  }
  return problems;
}

/** @throws MigrationError with the first problem's code and every problem's text. */
export function requireOrder(directory: string, statuses: readonly MigrationStatus[]): void {
  const problems = statusProblems(directory, statuses);
  const first = problems[0];
  if (first === undefined) return;
  throw new MigrationError(first.code, problems.map((problem) => problem.message).join('\n'));
}
