import { describe, expect, it } from 'vitest';
import { readOptions } from '../../../bench/options.ts';

describe('the options of the benchmark', () => {
  it('measures everything unless told otherwise', () => {
    const options = readOptions([]);
    expect(options.rows).toEqual([
      'nothing',
      'floor',
      'batch-floor',
      'session',
      'token',
      'sessions',
      'profile',
      'fresh-token',
    ]);
    expect(options.connections).toEqual([1, 32, 200]);
    expect(options.latencies).toEqual([0, 10]);
    expect([...options.parts]).toEqual(['load', 'scale', 'sweep', 'fairness', 'bundle', 'startup']);
    expect(options.startups).toBe(20);
    expect(options.manyUsers).toBe(1_000_000);
    expect(options.sweep).toEqual({ due: 10_000, consumers: [1, 4, 8] });
  });

  it('does less when it shall be quick, and what is named is kept', () => {
    const options = readOptions(['--quick', '--rounds', '7', '--skip', 'scale,startup', '--consumers', '2']);
    expect(options.effort).toMatchObject({ rounds: 7, measureMs: 1_000 });
    expect([...options.parts]).toEqual(['load', 'sweep', 'fairness', 'bundle']);
    expect(options.sweep).toEqual({ due: 2_000, consumers: [2] });
  });

  it.each([
    [['--rows', 'floor,nonsense'], /--rows takes .*not "nonsense"/],
    [['--connections', '0'], /--connections takes whole numbers from 1 to 1000, not "0"/],
    [['--latency', '1.5'], /--latency takes whole numbers .*not "1.5"/],
    [['--only', 'load,lode'], /--only takes load, scale, sweep, fairness, bundle, startup, not "lode"/],
    [['--due', '0'], /--due takes whole numbers from 1 to 20000, not "0"/],
    [['--consumers', '4,251'], /--consumers takes whole numbers from 1 to 250, not "251"/],
    [['--profile', 'floors'], /--profile takes .*not "floors"/],
    [['--fast'], /'--fast'/],
    [['session'], /"session" is not understood/],
  ])('refuses %j by its name', (words, message) => {
    expect(() => readOptions(words)).toThrow(message);
  });
});
