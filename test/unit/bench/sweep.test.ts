import { describe, expect, it } from 'vitest';
import { judge } from '../../../bench/report/bars.ts';
import { sweepSections } from '../../../bench/report/sweep-sections.ts';
import { StrictGrants } from '../../../bench/sweep/grants.ts';
import { readLog } from '../../../bench/sweep/log.ts';
import { consumersFor, overheadOf, paceWith } from '../../../bench/sweep/model.ts';
import type { SweepRun } from '../../../bench/sweep/run.ts';
import { Connections } from '../../../bench/workers/connections.ts';

describe('the grants of the provider', () => {
  it('give another refresh token at each redemption', () => {
    const grants = new StrictGrants();
    const first = grants.give();
    const second = grants.redeem(first.refreshToken);
    expect(second?.refreshToken).not.toBe(first.refreshToken);
    expect(grants.redeem(second?.refreshToken ?? '')).not.toBeNull();
    expect(grants.report()).toEqual({ redeemed: 2, refused: 0, mostPerToken: 1 });
  });

  it('end when a refresh token comes again, and leave the others alone', () => {
    const grants = new StrictGrants();
    const [grant, other] = [grants.give(), grants.give()];
    const next = grants.redeem(grant.refreshToken);
    expect(grants.redeem(grant.refreshToken)).toBeNull();
    expect(grants.redeem(next?.refreshToken ?? '')).toBeNull();
    expect(grants.redeem(other.refreshToken)).not.toBeNull();
    expect(grants.redeem('never given')).toBeNull();
    expect(grants.report()).toEqual({ redeemed: 2, refused: 3, mostPerToken: 2 });
  });
});

describe('the connections of an invocation', () => {
  it('are six at a time; the others are held back until one has its headers', async () => {
    const connections = new Connections();
    const open: (() => void)[] = [];
    const send = () => connections.use(() => new Promise<void>((done) => open.push(done)));
    const sent = Array.from({ length: 8 }, send);
    expect(open.length).toBe(6);
    open[0]?.();
    await sent[0];
    expect(open.length).toBe(7);
    open.slice(1).forEach((done) => done());
    await Promise.all(sent.slice(1, 7));
    open[7]?.();
    await Promise.all(sent);
    expect(connections).toMatchObject({ most: 8, heldBack: 2 });
  });

  it('give their place back when they fail', async () => {
    const connections = new Connections();
    const refuse = () => connections.use(() => Promise.reject(new Error('refused')));
    for (let round = 0; round < 7; round += 1) await expect(refuse()).rejects.toThrow('refused');
    expect(connections).toMatchObject({ most: 1, heldBack: 0 });
  });
});

describe('the log of a sweep', () => {
  it('tells batches, connections and troubles, and passes over what is no JSON', () => {
    const trouble = JSON.stringify({ event: 'connection.commit_queued', level: 'warn' });
    expect(
      readLog([
        JSON.stringify({ event: 'queue.refreshed', ms: 500 }),
        JSON.stringify({ event: 'bench.connections', most: 6, heldBack: 0 }),
        JSON.stringify({ event: 'queue.refreshed', ms: 700 }),
        JSON.stringify({ event: 'bench.connections', most: 7, heldBack: 2 }),
        trouble,
        trouble,
        'workerd says something',
      ]),
    ).toEqual({ batches: 2, batchMs: 600, mostConnections: 7, heldBack: 2, troubles: [trouble] });
  });
});

describe('the number of consumers', () => {
  it('comes from what one does: nine answers of the provider a batch, each with all else', () => {
    // Nine times 50 ms and 10 ms more: 540 ms a batch.
    const measured = { providerMs: 50, perSecond: 50 / 0.54 };
    expect(overheadOf(measured)).toBeCloseTo(10);
    expect(paceWith(measured, 50).perSecond).toBeCloseTo(measured.perSecond);
    expect(paceWith(measured, 300).perSecond).toBeCloseTo(50 / (9 * 0.31));
  });

  it('is rounded up', () => {
    expect(consumersFor(3600 * 20, { providerMs: 50, perSecond: 10 })).toBe(2);
    expect(consumersFor(3600 * 21, { providerMs: 50, perSecond: 10 })).toBe(3);
  });
});

const run: SweepRun = {
  latency: 0,
  providerMs: 50,
  consumers: 1,
  due: 10_000,
  seconds: 108,
  trips: 10_302,
  cpuMs: 1,
  peakMiB: 120,
  batches: 200,
  batchMs: 530,
  mostConnections: 6,
  heldBack: 0,
  troubles: [],
  mostPerToken: 1,
  mostAtOnce: 6,
  refreshed: 10_000,
  twice: 0,
  missed: 0,
};
const slow: SweepRun = { ...run, providerMs: 300, consumers: 8, seconds: 75 };

describe('the report of a sweep', () => {
  it('holds every run to the bars', () => {
    const judged = (...runs: SweepRun[]) =>
      judge({ summaries: [], bundle: undefined, startup: undefined, sweep: runs, fairness: [] }).map(
        ({ isMet }) => isMet,
      );
    expect(judged()).toEqual([]);
    expect(judged(run, slow)).toEqual([true, true, true, true, true]);
    expect(judged(run, { ...slow, trips: 10_401 })).toEqual([false, true, true, true, true]);
    expect(judged({ ...run, mostPerToken: 2, twice: 1, missed: 1, mostConnections: 7 }, slow)).toEqual([
      true,
      false,
      false,
      false,
      false,
    ]);
  });

  it('computes consumers from the run with the fewest, and shows the slow provider beside its sum', () => {
    const [, consumers] = sweepSections([run, { ...run, consumers: 4, seconds: 40 }, slow]);
    expect(consumers?.lines).toEqual([
      ['0', '10.0', '50', '92.6', '62.5 (4 at a time)', '3'],
      ['0', '10.0', '300', '17.9', '16.7 (8 at a time)', '16'],
    ]);
  });

  it('says what the Worker complained of', () => {
    const [section] = sweepSections([{ ...run, troubles: ['{"event":"connection.commit_queued"}'] }]);
    expect(section?.note).toContain('`{"event":"connection.commit_queued"}`');
  });
});
