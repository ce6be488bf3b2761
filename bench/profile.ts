import { readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { type Environment, openSetup, type SeededDatabase } from './environment.ts';
import type { LoadProcess } from './load/client.ts';
import type { BenchRow } from './rows.ts';
import { contributorOf } from './support/contributors.ts';
import { type CpuProfile, type ProfileNode, recordCpuProfile } from './support/inspector.ts';

/** Where the CPU goes, in the Worker's isolate. */
export interface ProfileReport {
  readonly row: string;
  readonly requests: number;
  /** Microseconds of a request in which the isolate was not idle, as sampled; the profiler itself adds to them. */
  readonly activeMicros: number;
  /** Self time by package, or by folder of ours, the largest first. */
  readonly groups: readonly Share[];
  /** Self time by function. */
  readonly functions: readonly (Share & { readonly place: string })[];
}

export interface Share {
  readonly name: string;
  /** Microseconds per request. */
  readonly micros: number;
  readonly percent: number;
}

const CONNECTIONS = 8;

/** Profiles one row at no latency, after a warm-up long enough for V8 to have compiled what is hot. */
export async function profileRow(
  environment: Environment,
  database: SeededDatabase,
  load: LoadProcess,
  { row, seconds }: { row: BenchRow; seconds: number },
): Promise<{ report: ProfileReport; profile: CpuProfile }> {
  const setup = await openSetup(environment, database, { latency: 0, withInspector: true });
  try {
    const worker = setup.workers[row.worker];
    const job = {
      port: worker.port,
      connections: CONNECTIONS,
      requests: row.requests(database.callers),
      measureMs: seconds * 1000,
      maxRequests: 1_000_000,
      processes: {},
    };
    await load.perform({ ...job, warmUpMs: 5_000, measureMs: 10 });
    let requests = 0;
    const profile = await recordCpuProfile(worker.inspectorPort ?? 0, async () => {
      requests = (await load.perform({ ...job, warmUpMs: 0 })).total;
    });
    const build = environment.builds[row.worker];
    return { report: summarize(profile, { row: row.name, requests, sourceMapFile: build.sourceMap }), profile };
  } finally {
    await setup.close();
  }
}

/** Sums a profile up by package and by function, per request. */
export function summarize(
  profile: CpuProfile,
  { row, requests, sourceMapFile }: { row: string; requests: number; sourceMapFile: string },
): ProfileReport {
  const map = new SourceMap(
    JSON.parse(readFileSync(sourceMapFile, 'utf8')) as ConstructorParameters<typeof SourceMap>[0],
  );
  const self = selfTimes(profile);
  const groups = new Map<string, number>();
  const functions = new Map<string, { micros: number; place: string; name: string }>();
  let active = 0;
  for (const node of profile.nodes) {
    const micros = self.get(node.id) ?? 0;
    const place = placeOf(node, map);
    if (micros === 0 || place.group === 'idle') continue;
    active += micros;
    groups.set(place.group, (groups.get(place.group) ?? 0) + micros);
    const key = `${place.name} ${place.place}`;
    functions.set(key, { micros: (functions.get(key)?.micros ?? 0) + micros, place: place.place, name: place.name });
  }
  const share = (name: string, micros: number): Share => ({
    name,
    micros: micros / requests,
    percent: (100 * micros) / active,
  });
  return {
    row,
    requests,
    activeMicros: active / requests,
    groups: [...groups].toSorted((a, b) => b[1] - a[1]).map(([name, micros]) => share(name, micros)),
    functions: [...functions.values()]
      .toSorted((a, b) => b.micros - a.micros)
      .map(({ name, place, micros }) => ({ ...share(name, micros), place })),
  };
}

/** Microseconds in which each node was on top of the stack. */
function selfTimes({ samples = [], timeDeltas = [] }: CpuProfile): Map<number, number> {
  const times = new Map<number, number>();
  samples.forEach((node, i) => times.set(node, (times.get(node) ?? 0) + Math.max(0, timeDeltas[i] ?? 0)));
  return times;
}

interface Place {
  readonly name: string;
  readonly place: string;
  readonly group: string;
}

const engine: Readonly<Record<string, string>> = {
  '(idle)': 'idle',
  '(garbage collector)': 'garbage collector',
  '(program)': 'workerd native code',
  '(root)': 'workerd native code',
};

function placeOf({ callFrame }: ProfileNode, map: SourceMap): Place {
  const { functionName, url, lineNumber, columnNumber } = callFrame;
  const known = engine[functionName];
  if (known) return { name: functionName, place: '', group: known };
  // What the Worker calls of the runtime (fetch, Headers, JSON, crypto) has no source.
  if (url === '') return { name: functionName || '(native)', place: '', group: 'workerd and V8 built-ins' };
  if (!/(^|\/)worker\.js$/.test(url)) return { name: functionName, place: url, group: 'workerd (JavaScript)' };
  const entry = map.findEntry(lineNumber, columnNumber);
  if (!('originalSource' in entry)) return { name: functionName, place: url, group: 'bundle' };
  const source = entry.originalSource.replace(/^(\.\.\/)+/, '');
  return {
    name: originalName(entry) ?? functionName,
    place: `${shorten(source)}:${entry.originalLine + 1}`,
    group: contributorOf(source),
  };
}

/** The name before minification, which the source map has and its types leave out. */
function originalName(entry: object): string | undefined {
  return 'name' in entry && typeof entry.name === 'string' ? entry.name : undefined;
}

function shorten(source: string): string {
  const at = source.lastIndexOf('node_modules/');
  return at >= 0 ? source.slice(at + 'node_modules/'.length) : source.replace(/^.*\/(?=(?:src|bench)\/)/, '');
}
