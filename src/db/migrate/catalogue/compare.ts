import type { Catalogue, CatalogueItem } from './read.ts';

/** One way in which a database is not what its migrations make. */
export interface Drift {
  readonly kind: string;
  readonly name: string;
  readonly problem: 'missing' | 'different' | 'extra';
  /** What the migrations make; null for an extra object. */
  readonly expected: string | null;
  /** What the database has; null for a missing object. */
  readonly found: string | null;
}

export interface Comparison {
  readonly drift: readonly Drift[];
  /** Objects in `public` that are not Gatehouse's: somebody else's, and no error. */
  readonly others: readonly string[];
}

/**
 * Compares a database with what the migrations make. An object too many is drift where it changes something of ours: in
 * schema gatehouse, on one of our tables, or a function that overloads one of ours.
 */
export function compareCatalogues(expected: Catalogue, found: Catalogue): Comparison {
  const drift: Drift[] = [];
  const others: string[] = [];
  for (const [id, item] of expected) {
    const actual = found.get(id);
    if (actual === undefined) {
      if (!isPartOfAbsent(item, found))
        drift.push({ ...named(item), problem: 'missing', expected: item.definition, found: null });
    } else if (actual.definition !== item.definition) {
      drift.push({ ...named(item), problem: 'different', expected: item.definition, found: actual.definition });
    }
  }
  const functions = new Set(
    [...expected.values()].filter(({ kind }) => kind === 'function').map(({ key }) => bareName(key)),
  );
  for (const [id, item] of found) {
    if (expected.has(id) || isPartOfAbsent(item, expected)) continue;
    if (touchesOurs(item, expected, functions))
      drift.push({ ...named(item), problem: 'extra', expected: null, found: item.definition });
    else if (item.kind !== 'extension') others.push(`${item.kind} ${item.key}`);
  }
  return { drift, others };
}

/** One line for people: what, which, and where the texts begin to differ. */
export function describeDrift({ kind, name, problem, expected, found }: Drift): string {
  if (problem === 'missing') return `${kind} ${name} is missing.`;
  if (problem === 'extra') return `${kind} ${name} is in no migration: ${clip(found ?? '', 0)}`;
  const at = firstDifference(expected ?? '', found ?? '');
  return `${kind} ${name} is different: expected "${clip(expected ?? '', at)}", found "${clip(found ?? '', at)}".`;
}

function named({ kind, key }: CatalogueItem): { kind: string; name: string } {
  return { kind, name: key };
}

/** A part of something that the other side lacks altogether: that is said once, for the whole. */
function isPartOfAbsent({ kind, key, partOf }: CatalogueItem, other: Catalogue): boolean {
  if (partOf === null || partOf === key) return false;
  const wholes = kind === 'function grant' ? ['function'] : ['table', 'view', 'sequence'];
  return !wholes.some((whole) => other.has(`${whole} ${partOf}`));
}

function touchesOurs(item: CatalogueItem, expected: Catalogue, functions: ReadonlySet<string>): boolean {
  if (item.key === 'gatehouse' || item.key.startsWith('gatehouse.')) return true;
  if (item.kind === 'function') return functions.has(bareName(item.key));
  return item.partOf !== null && item.partOf !== item.key && !isPartOfAbsent(item, expected);
}

function bareName(signature: string): string {
  return signature.slice(0, signature.indexOf('('));
}

function firstDifference(a: string, b: string): number {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at += 1;
  return at;
}

function clip(text: string, around: number): string {
  const from = Math.max(0, around - 30);
  const part = text.slice(from, from + 120).replaceAll(/\s+/g, ' ');
  return `${from > 0 ? '…' : ''}${part}${from + 120 < text.length ? '…' : ''}`;
}
