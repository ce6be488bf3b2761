import { consumersFor, overheadOf, paceWith, WIDTH } from '../sweep/model.ts';
import { paceOf, type SweepRun } from '../sweep/run.ts';
import { PROVIDER_MS, SLOW_PROVIDER_MS } from '../sweep/sweep.ts';
import type { Section } from './sections.ts';
import { ms } from './table.ts';

const PER_HOUR = 1_000_000;

/** What the sweeps did, and how many consumers more of it takes. */
export function sweepSections(runs: readonly SweepRun[]): Section[] {
  const [first] = runs;
  if (!first) return [];
  return [runsSection(runs, first.due), consumersSection(runs)];
}

function runsSection(runs: readonly SweepRun[], due: number): Section {
  const troubles = [...new Set(runs.flatMap((run) => run.troubles))];
  return {
    title: `Sweep of ${due.toLocaleString('en')} due connections`,
    note:
      `From cron's event to the last acknowledgement. Cron claims, a queue carries batches of 50, consumers refresh; ` +
      `each invocation is held to ${WIDTH} connections that wait. The Worker, database, endpoint, provider and queue share ` +
      `the cores: with many consumers at a time this is the machine's speed.` +
      (troubles.length > 0 ? ` The Worker logged: ${troubles.map((line) => `\`${line}\``).join(', ')}.` : ''),
    head: HEAD,
    lines: runs.map(runLine),
  };
}

const HEAD = [
  'consumers at a time',
  'provider ms',
  'database ms',
  'seconds',
  'refreshes/s',
  '… of one consumer',
  'trips a refresh',
  'batch ms',
  'most waiting',
  'held back',
  'most at the provider',
  'CPU ms',
  'peak MiB',
  'most a token',
  'twice',
  'missed',
];

function runLine(run: SweepRun): string[] {
  return [
    String(run.consumers),
    String(run.providerMs),
    String(run.latency),
    run.seconds.toFixed(1),
    (run.due / run.seconds).toFixed(0),
    paceOf(run).perSecond.toFixed(1),
    (run.trips / run.due).toFixed(4),
    ms(run.batchMs),
    String(run.mostConnections),
    String(run.heldBack),
    String(run.mostAtOnce),
    run.cpuMs.toFixed(2),
    run.peakMiB.toFixed(0),
    String(run.mostPerToken),
    String(run.twice),
    String(run.missed),
  ];
}

function consumersSection(runs: readonly SweepRun[]): Section {
  const alone = runs.filter(({ providerMs, consumers }) => providerMs === PROVIDER_MS && consumers === fewest(runs));
  return {
    title: `Consumers at a time for ${PER_HOUR.toLocaleString('en')} refreshes an hour, computed`,
    note:
      `From the pace of ${fewest(runs)} at a time: a batch of 50 takes nine answers of the provider one after another on ` +
      `six places, each with its share of all else (opening, sealing, commit, lease, the queue's turn). ` +
      `Evenly due; a burst takes more.`,
    head: ['database ms', 'all else ms', 'provider ms', 'refreshes/s of one consumer', 'measured', 'consumers'],
    lines: alone.flatMap((run) =>
      [PROVIDER_MS, SLOW_PROVIDER_MS].map((providerMs) => {
        const pace = paceWith(paceOf(run), providerMs);
        const measured = runs.findLast((other) => other.latency === run.latency && other.providerMs === providerMs);
        return [
          String(run.latency),
          overheadOf(paceOf(run)).toFixed(1),
          String(providerMs),
          pace.perSecond.toFixed(1),
          measured ? `${paceOf(measured).perSecond.toFixed(1)} (${measured.consumers} at a time)` : '',
          String(consumersFor(PER_HOUR, pace)),
        ];
      }),
    ),
  };
}

function fewest(runs: readonly SweepRun[]): number {
  return Math.min(...runs.map(({ consumers }) => consumers));
}
