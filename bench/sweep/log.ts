import { median } from '../support/statistics.ts';

/** What the Worker itself says of a sweep. */
export interface SweepLog {
  readonly batches: number;
  /** Milliseconds of a batch: the median. */
  readonly batchMs: number;
  /** Of one invocation, the most connections that were asked for at the same time. */
  readonly mostConnections: number;
  /** Connections that the limit held back. */
  readonly heldBack: number;
  /** Lines of failures, without doubles. */
  readonly troubles: readonly string[];
}

interface Line {
  readonly event?: string;
  readonly level?: string;
  readonly ms?: number;
  readonly most?: number;
  readonly heldBack?: number;
}

/** Reads the Worker's log. What is no JSON is passed over. */
export function readLog(lines: readonly string[]): SweepLog {
  const entries = lines.map(parse);
  const batches = entries.filter(({ event }) => event === 'queue.refreshed');
  const connections = entries.filter(({ event }) => event === 'bench.connections');
  const troubles = lines.filter((_, i) => ['warn', 'error'].includes(entries[i]?.level ?? ''));
  return {
    batches: batches.length,
    batchMs: median(batches.map(({ ms = 0 }) => ms)),
    mostConnections: Math.max(0, ...connections.map(({ most = 0 }) => most)),
    heldBack: connections.reduce((sum, { heldBack = 0 }) => sum + heldBack, 0),
    troubles: [...new Set(troubles)].slice(0, 5),
  };
}

function parse(line: string): Line {
  try {
    return JSON.parse(line) as Line;
  } catch {
    return {};
  }
}
