import { MigrationError } from './errors.ts';

/** A quoted SQL identifier. Refuses what PostgreSQL would refuse or silently cut (63 bytes). */
export function identifier(name: string): string {
  if (name === '' || name.includes('\0') || Buffer.byteLength(name) > 63) {
    throw new MigrationError('name.invalid', `"${name.slice(0, 80)}" cannot be a name in PostgreSQL (1 to 63 bytes).`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** A quoted SQL string literal, safe whatever standard_conforming_strings says: needed where DDL takes no parameters. */
export function literal(text: string): string {
  if (text.includes('\0'))
    throw new MigrationError('name.invalid', 'A text with a NUL byte cannot be sent to PostgreSQL.');
  const doubled = text.replaceAll("'", "''");
  return text.includes('\\') ? `E'${doubled.replaceAll('\\', '\\\\')}'` : `'${doubled}'`;
}
