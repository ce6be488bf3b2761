import { describe, expect, it } from 'vitest';
import { isDue } from '../../../scripts/support/cron.ts';

const at = (time: string) => new Date(`2026-03-01T${time}:30Z`); // a Sunday, the first of the month

describe('a cron expression', () => {
  it.each([
    ['*/10 * * * *', '05:20', true],
    ['*/10 * * * *', '05:21', false],
    ['* * * * *', '05:21', true],
    ['5 3 * * *', '03:05', true],
    ['5 3 * * *', '04:05', false],
    ['0,30 8-10 * * *', '09:30', true],
    ['0,30 8-10 * * *', '11:30', false],
    ['10/20 * * * *', '00:50', true],
    ['10/20 * * * *', '00:20', false],
    ['0 0 1 * *', '00:00', true],
    ['0 0 2 * *', '00:00', false],
    ['0 0 * * 0', '00:00', true],
    ['0 0 * * 1-5', '00:00', false],
  ])('%s at %s: %s', (expression, time, due) => expect(isDue(expression, at(time))).toBe(due));

  it.each(['* * * *', '@daily', '*/x * * * *', 'a b c d e'])('%s is refused, by name', (expression) => {
    expect(() => isDue(expression, at('00:00'))).toThrow(/cron/i);
  });
});
