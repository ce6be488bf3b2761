import { describe, expect, it } from 'vitest';
import type { LoadResult } from '../../../bench/load/protocol.ts';
import type { Measurement } from '../../../bench/measure.ts';
import { BUNDLE_LIMIT_KIB, judge } from '../../../bench/report/bars.ts';
import { replaceFigures } from '../../../bench/report/docs.ts';
import { markdownTable, textTable } from '../../../bench/report/table.ts';
import { activeTime } from '../../../bench/startup.ts';
import { summarizeAll } from '../../../bench/summary.ts';
import { median, percentile } from '../../../bench/support/statistics.ts';

const round = (perSecond: number, workerMs: number): LoadResult => ({
  measured: perSecond,
  total: perSecond,
  seconds: 1,
  p50: 1000 / perSecond,
  p99: 2000 / perSecond,
  statuses: { 200: perSecond },
  cpuMs: { worker: workerMs },
});

const measurement = (row: string, rounds: LoadResult[]): Measurement => ({
  row,
  latency: 0,
  connections: 32,
  users: 10_000,
  tripsPerRequest: 1,
  statementsPerRequest: 3,
  hopsPerRequest: 0,
  rounds,
});

describe('the figures of the benchmark', () => {
  it('takes ratios within a round, so that a slow moment of the machine falls on both sides', () => {
    const floor = measurement('floor', [round(1000, 100), round(100, 20), round(1000, 100)]);
    const session = measurement('session', [round(500, 100), round(50, 20), round(500, 100)]);
    const [, summary] = summarizeAll([floor, session]);
    expect(summary?.toFloor).toEqual({ p50: 2, perSecond: 0.5, workerCpu: 2 });
    expect(summary?.toBatchFloor).toBeNull();
    expect(summary?.cpu.worker).toBeCloseTo(220 / 1050);
  });

  it('judges the bars it has figures for, and no others', () => {
    const summaries = summarizeAll([
      measurement('floor', [round(1000, 100)]),
      measurement('session', [round(400, 80)]),
    ]);
    const bundle = { gzipKiB: BUNDLE_LIMIT_KIB + 1, minifiedKiB: 900, contributors: [], dependencies: [] };
    const bars = judge({ summaries, bundle, startup: undefined, sweep: [], fairness: [] });
    expect(bars.map(({ name, isMet }) => [name, isMet])).toEqual([
      ['Session check: round trips', true],
      ['Session check, 0 ms, 32 connections: throughput against the floor', false],
      ['… Worker CPU against the floor', true],
      ['Bundle, gzip', false],
    ]);
  });

  it('holds the API token against the session of the same round', () => {
    const summaries = summarizeAll([
      measurement('session', [round(1000, 100), round(100, 20), round(1000, 100)]),
      measurement('token', [round(950, 100), round(95, 20), round(500, 100)]),
    ]);
    expect(judge({ summaries, bundle: undefined, startup: undefined, sweep: [], fairness: [] }).slice(1)).toMatchObject(
      [
        { name: 'API token check: round trips', measured: 1, isMet: true },
        {
          name: 'API token check, 0 ms, 32 connections: throughput against the session check',
          measured: 0.95,
          limit: 0.9,
          isMet: true,
        },
      ],
    );
  });

  it('holds a fresh provider token against the floor of the same round, at 10 ms and one connection', () => {
    const far = (row: string, rounds: LoadResult[]) => ({ ...measurement(row, rounds), latency: 10, connections: 1 });
    const summaries = summarizeAll([
      far('floor', [round(100, 10), round(10, 10), round(100, 10)]),
      far('fresh-token', [round(80, 10), round(8, 10), round(100, 10)]),
    ]);
    expect(judge({ summaries, bundle: undefined, startup: undefined, sweep: [], fairness: [] })).toMatchObject([
      { name: 'Token fresh: round trips', measured: 1, isMet: true },
      { name: 'Token fresh, 10 ms, 1 connection: p50 against the floor', measured: 1.25, limit: 1.2, isMet: false },
    ]);
  });

  it('finds medians and percentiles by rank', () => {
    expect([median([]), median([3]), median([4, 1]), median([9, 1, 5])]).toEqual([0, 3, 2.5, 5]);
    const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
    expect([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile([], 0.5)]).toEqual([50, 99, 0]);
  });

  it('sums the active time of a start-up as wrangler does: all that is not idle', () => {
    const frame = (functionName: string) => ({ functionName, url: '', lineNumber: 0, columnNumber: 0 });
    const nodes = [
      { id: 1, callFrame: frame('(idle)') },
      { id: 2, callFrame: frame('(garbage collector)') },
      { id: 3, callFrame: frame('main') },
    ];
    expect(activeTime({ nodes, startTime: 0, endTime: 9000, samples: [1, 2, 3], timeDeltas: [5000, 1000, 3000] })).toBe(
      4,
    );
  });
});

describe('the tables of the benchmark', () => {
  it('puts words to the left and figures to the right', () => {
    expect(
      textTable(
        ['row', 'ms', 'where'],
        [
          ['floor', '1.5', 'a.ts'],
          ['batch floor', '12.5', ''],
        ],
      ),
    ).toBe(
      ['row            ms  where', '-----------  ----  -----', 'floor         1.5  a.ts', 'batch floor  12.5'].join(
        '\n',
      ),
    );
  });

  it('writes figures between the marks of a document, again and again, and leaves its prose', () => {
    const document =
      'Before.\n<!-- figures: written by `npm run bench -- --write-docs` -->\nold\n<!-- end of figures -->\nAfter.\n';
    const section = { title: 'T', note: 'How.', head: ['a', 'b'], lines: [['x|y', '1']] };
    const once = replaceFigures(document, [section], '2 shared cores');
    expect(once).toContain('2 shared cores\n\n### T\n\nHow.\n\n' + markdownTable(section.head, section.lines));
    expect(once).toContain('x\\|y');
    expect(once).not.toContain('old');
    expect(once.startsWith('Before.') && once.endsWith('After.\n')).toBe(true);
    expect(replaceFigures(once, [section], '2 shared cores')).toBe(once);
    expect(() => replaceFigures('nothing here', [section], '')).toThrow(/must hold the lines/);
  });
});
