import type { ListResult, PlannedMigration } from '../../src/db/migrate/index.ts';

/** Where a command writes: results to `out`, progress and errors to `err`. */
export interface Streams {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows.map((row) =>
    row
      .map((cell, index) => cell.padEnd(widths[index] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** The SQL of a dry run, ready to be read. */
export function sqlLines({ name, transaction, statements }: PlannedMigration): string[] {
  const head = `-- ${name}${transaction ? '' : ' (outside a transaction)'}`;
  return [head, ...statements.map((statement) => (statement.endsWith(';') ? statement : `${statement};`)), ''];
}

/** "1 migration", "2 migrations". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

/** Every migration and its state, and what they amount to. */
export function listLines(result: ListResult, directory: string): string[] {
  const lines = [`Target: ${result.target}`];
  if (!result.initialized) lines.push('The database is not prepared yet. Run: npm run migrate:init');
  if (result.migrations.length === 0)
    return [...lines, `There are no migrations in ${directory}, and none were applied.`];
  const rows = result.migrations.map(({ name, state, appliedAt }) => [name, state, appliedAt ?? '']);
  lines.push(...table([['MIGRATION', 'STATE', 'APPLIED AT'], ...rows]));
  const pending = result.migrations.filter(({ state }) => state === 'pending').length;
  const other = result.migrations.filter(({ state }) => state !== 'pending' && state !== 'applied').length;
  if (pending === 0 && other === 0) lines.push(`All ${count(result.migrations.length, 'migration')} applied.`);
  else lines.push(`${pending} pending${other === 0 ? '' : `, ${other} in the way: migrate:check says why`}.`);
  return lines;
}
