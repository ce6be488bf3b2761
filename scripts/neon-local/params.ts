/**
 * JSON values as PostgreSQL text, as Neon's proxy converts the parameters of a statement:
 * strings as they are, numbers, booleans and objects as JSON text, arrays as array literals.
 */

/** One parameter. Elements of an array are quoted, since they stand inside a literal. */
export function paramText(value: unknown): string | null {
  if (value === null) return null;
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return arrayLiteral(value);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function arrayLiteral(values: unknown[]): string {
  return `{${values.map(element).join(',')}}`;
}

function element(value: unknown): string {
  if (value === null) return 'NULL';
  if (Array.isArray(value)) return arrayLiteral(value);
  if (typeof value === 'string') return quote(value);
  return typeof value === 'object' ? quote(JSON.stringify(value)) : String(value);
}

// Not JSON quoting: in an array literal a backslash only escapes the character after it, so that
// "\n" would arrive as the letter n.
function quote(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
}
