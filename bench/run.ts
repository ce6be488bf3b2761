/** `npm run bench`: what a call costs, beside the least that any Worker pays. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { main } from '../scripts/support/command-line.ts';
import { type Environment, openEnvironment, seedDatabase } from './environment.ts';
import { measureFairness } from './fairness/fairness.ts';
import { type LoadProcess, startLoadProcess } from './load/client.ts';
import { type Measurement, measureMatrix } from './measure.ts';
import { type Options, readOptions } from './options.ts';
import { profileRow } from './profile.ts';
import { judge } from './report/bars.ts';
import { writeFigures } from './report/docs.ts';
import { fairnessSections } from './report/fairness-section.ts';
import {
  barsSection,
  bundleSections,
  loadSections,
  profileSections,
  scaleSection,
  type Section,
  startupSection,
} from './report/sections.ts';
import { sweepSections } from './report/sweep-sections.ts';
import { textTable } from './report/table.ts';
import { rows } from './rows.ts';
import { measureScale } from './scale.ts';
import { measureStartup } from './startup.ts';
import { summarizeAll } from './summary.ts';
import { readDependencies } from './support/build.ts';
import { weigh } from './support/bundle.ts';
import { stopAll } from './support/processes.ts';
import { measureSweep } from './sweep/sweep.ts';

const FEW_USERS = 10_000;
const DOCUMENT = 'docs/performance.md';

await main(async (): Promise<number | void> => {
  const options = readOptions(process.argv.slice(2));
  const startedAt = Date.now();
  const say = (line: string): void => {
    const seconds = Math.round((Date.now() - startedAt) / 1000);
    process.stderr.write(`bench ${String(seconds).padStart(5)} s  ${line}\n`);
  };
  let environment: Environment | undefined;
  let isInterrupted = false;
  const end = once(async () => {
    await stopAll();
    await environment?.close();
  });
  const interrupt = (): void => {
    isInterrupted = true;
    // While it opens, what it starts cannot be reached yet; it is ended right after.
    if (environment) void end().then(() => process.exit(130));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, interrupt);
  try {
    environment = await openEnvironment({ postgres: options.postgres, pool: options.pool, say });
    if (isInterrupted) return 130;
    const load = startLoadProcess();
    if (options.profile === undefined) await measureAll(environment, load, options);
    else await profileOne(environment, load, options);
  } finally {
    await end();
  }
});

/** A second Ctrl-C, and the end of the benchmark itself, must not stop what is stopping. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => (done ??= work());
}

async function measureAll(environment: Environment, load: LoadProcess, options: Options): Promise<void> {
  const { parts } = options;
  const bundle = parts.has('bundle') ? weigh(environment.builds.gatehouse, readDependencies()) : undefined;
  const startup = parts.has('startup')
    ? await measureStartup(environment.folder, options.startups, (done) =>
        environment.say(`start-up ${done} of ${options.startups}`),
      )
    : undefined;
  const needsUsers = parts.has('load') || parts.has('scale');
  const few = needsUsers ? await seedDatabase(environment, FEW_USERS) : undefined;
  const measurements: Measurement[] = [];
  for (const latency of few && parts.has('load') ? options.latencies : []) {
    const chosen = rows.filter(({ name }) => options.rows.includes(name));
    const { connections, effort } = options;
    if (few)
      measurements.push(
        ...(await measureMatrix(environment, few, load, { rows: chosen, latency, connections, effort })),
      );
  }
  const { manyUsers, effort, latencies } = options;
  const scale =
    few && parts.has('scale')
      ? await measureScale(environment, load, { few, manyUsers, connections: [1, 32], effort })
      : [];
  const sweep = parts.has('sweep') ? await measureSweep(environment, { ...options.sweep, latencies }) : [];
  const fairness = parts.has('fairness') ? await measureFairness(environment, effort.rounds) : [];
  const summaries = summarizeAll(measurements);
  const bars = judge({ summaries, bundle, startup, sweep, fairness });
  const sections: Section[] = [
    ...(bars.length > 0 ? [barsSection(bars)] : []),
    ...loadSections(summaries),
    ...(scale.length > 0 ? [scaleSection(scale)] : []),
    ...sweepSections(sweep),
    ...fairnessSections(fairness),
    ...(bundle ? bundleSections(bundle) : []),
    ...(startup ? [startupSection(startup)] : []),
  ];
  const machine = describeMachine(environment, options);
  print(machine, sections);
  if (options.json !== undefined)
    writeJson(options.json, { machine, bars, summaries, scale, sweep, fairness, bundle, startup, measurements });
  if (options.writeDocs) writeFigures(DOCUMENT, sections, machine);
}

async function profileOne(
  environment: Environment,
  load: LoadProcess,
  { profile: name, json }: Options,
): Promise<void> {
  const row = rows.find((candidate) => candidate.name === name);
  if (!row) return;
  const database = await seedDatabase(environment, FEW_USERS);
  environment.say(`Profiling ${row.title} …`);
  const { report, profile } = await profileRow(environment, database, load, { row, seconds: 10 });
  mkdirSync('artifacts', { recursive: true });
  const file = `artifacts/bench-${name}.cpuprofile`;
  writeFileSync(file, JSON.stringify(profile));
  if (json !== undefined) writeJson(json, report);
  print(`The profile itself is in ${file}; Chrome's developer tools open it.`, profileSections(report));
}

function describeMachine({ postgres }: Environment, { effort, pool }: Options): string {
  const cores = availableParallelism();
  return (
    `${cores} shared cores; PostgreSQL ${postgres.version}; the endpoint keeps ${pool} connections; ` +
    `medians of ${effort.rounds} rounds of ${effort.measureMs / 1000} s. CPU is milliseconds per request.`
  );
}

function print(intro: string, sections: readonly Section[]): void {
  console.log(`\n${intro}`);
  for (const { title, note, head, lines } of sections) {
    console.log(`\n${title}\n${note === undefined ? '' : `${note}\n`}\n${textTable(head, lines)}`);
  }
}

function writeJson(file: string, findings: object): void {
  writeFileSync(file, `${JSON.stringify(findings, null, 2)}\n`);
}
