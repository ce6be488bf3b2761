import { isStorable, plainLine } from '../lib/text.ts';
import type { Claims } from './types.ts';

const MAX_TEXT = 512;

/**
 * What is kept of an account: short texts, numbers and truths that the database can store. The rest is left out. Texts
 * are names that people see, and cleaned as such.
 */
export function metadataOf(claims: Claims): Claims {
  return Object.fromEntries(
    Object.entries(claims)
      .filter(([, value]) => isKept(value))
      .map(([name, value]) => [name, typeof value === 'string' ? plainLine(value).trim() : value]),
  );
}

function isKept(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_TEXT && isStorable(value);
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}
