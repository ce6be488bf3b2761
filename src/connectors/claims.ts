import type { Claims } from './types.ts';

/** The value as an object of which nothing is known; empty where it is none. */
export function asClaims(value: unknown): Claims {
  return typeof value === 'object' && value !== null ? (value as Claims) : {};
}

/** What stands at a path of names joined by dots; the value itself where there is no path. */
export function valueAt(value: unknown, path?: string): unknown {
  if (!path) return value;
  return path.split('.').reduce<unknown>((at, name) => {
    const claims = asClaims(at);
    return Object.hasOwn(claims, name) ? claims[name] : undefined;
  }, value);
}
