import { type Call, isFor, type Rule } from './rules.ts';

/** One rule, as the test that set it holds it. */
export interface SetFault {
  readonly id: number;
  /** How many requests met it so far. */
  applied(): number;
  /** Until that many requests have met it: of a lost or late answer, after the provider did its work. */
  reached(count?: number): Promise<void>;
  remove(): void;
}

interface Entry {
  readonly rule: Rule;
  left: number;
  applied: number;
  readonly waiting: { readonly count: number; readonly done: () => void }[];
}

/** The rules in force. The oldest that is for a request takes it. */
export interface Program {
  add(rule: Rule): SetFault;
  get(id: number): SetFault | undefined;
  /** Takes away what is in force. What was counted stays. */
  clear(): void;
  /** The rule for this request, which uses up one of its times; null where there is none. */
  take(call: Call): { readonly rule: Rule; apply(): void } | null;
}

/** An empty one: everything passes. */
export function newProgram(): Program {
  const entries = new Map<number, Entry>();
  let nextId = 1;
  const handle = (id: number, entry: Entry): SetFault => ({
    id,
    applied: () => entry.applied,
    reached: (count = 1) =>
      entry.applied >= count
        ? Promise.resolve()
        : new Promise((done) => void entry.waiting.push({ count, done: () => done() })),
    remove: () => void (entry.left = 0),
  });
  return {
    add(rule) {
      const entry: Entry = { rule, left: rule.times ?? Infinity, applied: 0, waiting: [] };
      entries.set(nextId, entry);
      return handle(nextId++, entry);
    },
    get(id) {
      const entry = entries.get(id);
      return entry && handle(id, entry);
    },
    clear: () => entries.forEach((entry) => void (entry.left = 0)),
    take(call) {
      const entry = [...entries.values()].find(({ left, rule }) => left > 0 && isFor(rule, call));
      if (!entry) return null;
      entry.left -= 1;
      return { rule: entry.rule, apply: () => note(entry) };
    },
  };
}

function note(entry: Entry): void {
  entry.applied += 1;
  for (const { count, done } of entry.waiting) if (entry.applied >= count) done();
}
