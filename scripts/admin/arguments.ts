import { isStorable } from '../../src/lib/text.ts';
import { type Scope, scopesFor } from '../../src/scopes.ts';
import { UsageError } from '../support/command-line.ts';

/** Days until a token expires: what is usual, and the longest (references: GitHub's scheme, better-auth's maximum). */
const days = { usual: 90, most: 365 };

/**
 * Scopes for a service token, from a list with commas, in the order of the list of scopes.
 * @throws UsageError naming a scope that there is none of
 */
export function readScopes(text: string | undefined): Scope[] {
  const allowed: readonly string[] = scopesFor('service');
  const named = (text ?? '').split(',').map((name) => name.trim());
  if (!text) throw new UsageError(`--scopes is missing: one or more of ${allowed.join(', ')}.`);
  const unknown = named.find((name) => !allowed.includes(name));
  if (unknown !== undefined) throw new UsageError(`There is no scope "${unknown}". Scopes: ${allowed.join(', ')}.`);
  return scopesFor('service').filter((scope) => named.includes(scope));
}

/** @throws UsageError for a name that is empty, too long, or not storable */
export function readName(text = 'service token'): string {
  const name = text.trim();
  if (name.length >= 1 && name.length <= 120 && isStorable(name)) return name;
  throw new UsageError('--name must have 1 to 120 characters.');
}

/** @throws UsageError for anything but a whole number within the limits */
export function readDays(text = String(days.usual)): number {
  const count = Number(text);
  if (/^\d{1,3}$/.test(text) && count >= 1 && count <= days.most) return count;
  throw new UsageError(`--days must be a whole number from 1 to ${days.most}, not "${text}".`);
}
