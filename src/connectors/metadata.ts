import { isStorable } from '../lib/text.ts';
import type { Claims } from './types.ts';

const MAX_TEXT = 512;

/** What is kept of an account: short texts, numbers and truths that the database can store. The rest is left out. */
export function metadataOf(claims: Claims): Claims {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => isKept(value)));
}

function isKept(value: unknown): boolean {
  if (typeof value === 'string') return value.length <= MAX_TEXT && isStorable(value);
  return typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value));
}
