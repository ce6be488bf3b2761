import type { Call, Counts, Match } from './rules.ts';

interface Tally {
  arrived: number;
  forwarded: number;
  atOnce: number;
  mostAtOnce: number;
  readonly faults: Record<string, number>;
}

/** Counts the requests of each endpoint, of everybody and of each person. */
export interface Counter {
  /** Answers what to call when the request has been dealt with. */
  arrived(call: Call): { forwarded(): void; met(kind: string): void; done(): void };
  read(match: Match): Counts;
}

/** An empty one. */
export function newCounter(): Counter {
  const tallies = new Map<string, Tally>();
  const tallyOf = (endpoint: string, subject: string | null | undefined) => {
    const key = JSON.stringify([endpoint, subject ?? null]);
    const tally = tallies.get(key) ?? { arrived: 0, forwarded: 0, atOnce: 0, mostAtOnce: 0, faults: {} };
    tallies.set(key, tally);
    return tally;
  };
  return {
    arrived({ endpoint, subject }) {
      const counted = [tallyOf(endpoint, null), ...(subject === null ? [] : [tallyOf(endpoint, subject)])];
      const each = (change: (tally: Tally) => void) => counted.forEach(change);
      each((tally) => {
        tally.arrived += 1;
        tally.atOnce += 1;
        tally.mostAtOnce = Math.max(tally.mostAtOnce, tally.atOnce);
      });
      return {
        forwarded: () => each((tally) => (tally.forwarded += 1)),
        met: (kind) => each((tally) => (tally.faults[kind] = (tally.faults[kind] ?? 0) + 1)),
        done: () => each((tally) => (tally.atOnce -= 1)),
      };
    },
    read({ endpoint = 'token', subject }) {
      const { atOnce: _, faults, ...counts } = tallyOf(endpoint, subject);
      return { ...counts, faults: { ...faults } };
    },
  };
}
