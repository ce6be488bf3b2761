/** Values in the words of a legacy column's type. */
import { isNumeric } from './columns.ts';
import type { TableColumn } from './rollback-table.ts';

/** Whether PostgreSQL would take the text for a value of that type, as far as values of ours go. */
export function canHold(type: string, text: string | null): boolean {
  if (text === null) return true;
  if (/^(smallint|integer|bigint)/.test(type)) return /^-?\d{1,18}$/.test(text) && isWithin(type, Number(text));
  if (isNumeric(type)) return /^-?\d+(\.\d+)?$/.test(text);
  if (type === 'uuid') return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);
  const width = /^character(?: varying)?\((\d+)\)$/.exec(type)?.[1];
  return width === undefined || Array.from(text).length <= Number(width);
}

function isWithin(type: string, number: number): boolean {
  const limits: Record<string, number> = { smallint: 2 ** 15, integer: 2 ** 31 };
  return Math.abs(number) < (limits[type] ?? Infinity);
}

/** What stands for nothing: null, or where the column refuses that, an empty text or false. */
export function emptyOf({ isRequired, type }: TableColumn): string | null {
  if (!isRequired) return null;
  return type === 'boolean' ? 'false' : isNumeric(type) ? '0' : '';
}

/** `true` and `false`, in a column of numbers 1 and 0. */
export function spellBoolean({ type }: TableColumn, value: boolean): string {
  return isNumeric(type) ? String(Number(value)) : String(value);
}

/** A list of scopes as the row had them: JSON, an array of PostgreSQL's, or text with commas or blanks. */
export function spellScopes(scopes: string): (column: TableColumn, like: string | null) => string {
  const list = scopes.split(' ');
  return ({ type }, like) => {
    if (type.endsWith('[]')) return `{${list.map((scope) => `"${scope.replace(/["\\]/g, '\\$&')}"`).join(',')}}`;
    if (type.startsWith('json') || like?.trim().startsWith('[')) return JSON.stringify(list);
    return list.join(like?.includes(',') ? ',' : ' ');
  };
}
