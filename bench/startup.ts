import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { wranglerEnvironment } from './support/build.ts';
import type { CpuProfile } from './support/inspector.ts';
import { run } from './support/processes.ts';
import { median } from './support/statistics.ts';

/** What evaluating the Worker's modules costs, in milliseconds. */
export interface StartupReport {
  /** Time that was not idle, of each run; this is what `wrangler check startup` calls "Active". */
  readonly activeMs: readonly number[];
  readonly medianMs: number;
}

/** Runs `wrangler check startup` on the minified build a number of times. */
export async function measureStartup(
  folder: string,
  times: number,
  onProgress: (done: number) => void,
): Promise<StartupReport> {
  const wrangler = resolve('node_modules/.bin/wrangler');
  const options = { env: wranglerEnvironment() };
  const bundle = join(folder, 'worker.bundle');
  const outfile = join(folder, 'startup.cpuprofile');
  await run(wrangler, ['deploy', '--dry-run', '--minify', '--outfile', bundle], options);
  const activeMs: number[] = [];
  for (let done = 1; done <= times; done += 1) {
    await run(wrangler, ['check', 'startup', '--worker', bundle, '--outfile', outfile], options);
    activeMs.push(activeTime(JSON.parse(readFileSync(outfile, 'utf8')) as CpuProfile));
    onProgress(done);
  }
  return { activeMs, medianMs: median(activeMs) };
}

/** Milliseconds of a profile in which the isolate was not idle, collecting garbage included: wrangler's own sum. */
export function activeTime({ nodes, samples = [], timeDeltas = [] }: CpuProfile): number {
  const idle = new Set(nodes.filter(({ callFrame }) => callFrame.functionName === '(idle)').map(({ id }) => id));
  const sum = timeDeltas.reduce((total, delta, i) => (idle.has(samples[i] ?? 0) ? total : total + delta), 0);
  return sum / 1000;
}
