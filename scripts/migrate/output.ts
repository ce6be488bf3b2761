/** Where a command writes: results to `out`, progress and errors to `err`. */
export interface Streams {
  readonly out: (line: string) => void;
  readonly err: (line: string) => void;
}

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  return rows.map((row) => row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ').trimEnd());
}

/** The SQL of a dry run, ready to be read. */
export function sqlLines(name: string, file: { statements: readonly string[]; transaction: boolean }): string[] {
  const head = `-- ${name}${file.transaction ? '' : ' (outside a transaction)'}`;
  return [head, ...file.statements.map((statement) => (statement.endsWith(';') ? statement : `${statement};`)), ''];
}

/** "1 migration", "2 migrations". */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
