import { AppError } from '../errors.ts';
import type { Connector } from './types.ts';

const MAX_SCOPES = 100;
/** RFC 6749 §3.3, bounded. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/;

/** The scopes in a token answer, each once, a hundred at the most; what is none is left out. */
export function scopesIn({ grantedScopeSeparator = ' ' }: Connector, granted: string): readonly string[] {
  const found = granted.split(grantedScopeSeparator).filter((scope) => SCOPE.test(scope));
  return [...new Set(found)].slice(0, MAX_SCOPES);
}

/**
 * Scopes to ask for: each once. One that holds the separator would be two, and nobody would have seen the second.
 * @throws input.invalid
 */
export function scopesToAsk({ scopeSeparator = ' ' }: Connector, scopes: readonly string[]): readonly string[] {
  const all = [...new Set(scopes)];
  if (all.length > MAX_SCOPES) throw new AppError('input.invalid', { message: `At most ${MAX_SCOPES} scopes.` });
  if (!all.every((scope) => SCOPE.test(scope) && !scope.includes(scopeSeparator))) {
    throw new AppError('input.invalid', { message: 'A scope is one word of printable ASCII.' });
  }
  return all;
}
