import { describe, expect, it } from 'vitest';
import type { GrantRules } from '../../../src/connectors/types.ts';
import { findConnector } from '../../../src/connectors/index.ts';
import { jitter, nextRefreshIn, retryIn } from '../../../src/domain/oauth/schedule.ts';

const least = () => 0;
const middle = () => 0.5;
const most = () => 1;
const HOUR = 3600;
const DAY = 24 * HOUR;

function rules(idleSeconds: number | null): GrantRules {
  const grant = findConnector('demo')?.grant;
  if (!grant) throw new Error('The demo connector gives grants.');
  return { ...grant, refresh: { ...grant.refresh, idleSeconds } };
}

const renewable = (expiresIn: number | null) => ({ expiresIn, hasRefreshToken: true });

describe('new tokens are due', () => {
  it.each([
    ['a quarter of an hour before the end of a long life', HOUR, HOUR - 900],
    ['at half of a life shorter than half an hour', 20 * 60, 10 * 60],
    ['at half of a life of exactly half an hour', 30 * 60, 15 * 60],
  ])('%s', (_, lifetime, due) => {
    expect(nextRefreshIn(renewable(lifetime), rules(null), middle)).toBeCloseTo(due);
  });

  it('by a margin from 0.8 to 1.2 of that, so that what came at once does not come back at once', () => {
    expect(nextRefreshIn(renewable(HOUR), rules(null), least)).toBeCloseTo(HOUR - 900 * 0.8);
    expect(nextRefreshIn(renewable(HOUR), rules(null), most)).toBeCloseTo(HOUR - 900 * 1.2);
    const drawn = Array.from({ length: 1000 }, () => jitter());
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0.8);
    expect(Math.max(...drawn)).toBeLessThanOrEqual(1.2);
    expect(new Set(drawn).size).toBeGreaterThan(900);
  });

  it('not within thirty seconds, however short they live: a sweep would refresh them every time', () => {
    for (const lifetime of [1, 10, 45]) expect(nextRefreshIn(renewable(lifetime), rules(null), most)).toBe(30);
  });

  it('never, when they do not run out and lie idle for as long as they like', () => {
    expect(nextRefreshIn(renewable(null), rules(null))).toBeNull();
  });

  it('at half of the time that a refresh token may lie idle, when the access token does not run out', () => {
    expect(nextRefreshIn(renewable(null), rules(180 * DAY), middle)).toBeCloseTo(90 * DAY);
    expect(nextRefreshIn(renewable(null), rules(180 * DAY), most)).toBeLessThan(180 * DAY);
  });

  it('by whichever of the two comes first', () => {
    expect(nextRefreshIn(renewable(200 * DAY), rules(180 * DAY), middle)).toBeCloseTo(90 * DAY);
    expect(nextRefreshIn(renewable(HOUR), rules(180 * DAY), middle)).toBeCloseTo(HOUR - 900);
  });

  it('at their very end without a refresh token, for somebody has to be told', () => {
    expect(nextRefreshIn({ expiresIn: HOUR, hasRefreshToken: false }, rules(180 * DAY), most)).toBe(HOUR);
    expect(nextRefreshIn({ expiresIn: null, hasRefreshToken: false }, rules(180 * DAY))).toBeNull();
  });
});

describe('a failure is tried again', () => {
  it('after half a minute, twice as long each time, an hour at the most', () => {
    const waits = [0, 1, 2, 3, 6, 7, 8, 1000].map((failures) => retryIn(failures, null, middle));
    expect(waits.map(Math.round)).toEqual([30, 60, 120, 240, 1920, 3600, 3600, 3600]);
  });

  it('spread from 0.8 to 1.2', () => {
    expect(retryIn(0, null, least)).toBeCloseTo(24);
    expect(retryIn(0, null, most)).toBeCloseTo(36);
  });

  it('not before the provider wants to be asked, even when that is longer than an hour', () => {
    expect(retryIn(0, 7200, middle)).toBe(7200);
    expect(retryIn(20, 7200, most)).toBe(7200);
    expect(retryIn(5, 1, middle)).toBeCloseTo(960);
  });
});
