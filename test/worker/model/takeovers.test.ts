/**
 * Two people and an attacker do what they like, in any order, with keys that repeat and that they share. Nobody reads an
 * account without having controlled its proven address, a passkey or a provider's account of it; and once an owner whose
 * session was stolen has reported it and signed in, nothing of the attacker's is left, whatever they do next.
 */
import fc from 'fast-check';
import { afterEach, expect, it, vi } from 'vitest';
import { workerEnv } from '../../support/worker.ts';
import { commands, recovery, theft } from './commands.ts';
import { newModel } from './people.ts';

const isFull = (workerEnv as unknown as { TEST_DEPTH?: string }).TEST_DEPTH === 'full';
const RUNS = isFull ? 150 : 10;

/** Any number of steps, up to so many. */
const steps = (most: number) => fc.commands(commands, { maxCommands: most, size: 'max' });

afterEach(() => void vi.useRealTimers());

it(`nobody takes an account over, in ${RUNS} runs`, { timeout: 3_600_000 }, async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
  const reached: Record<string, number> = {};
  let count = 0;
  const story = fc.tuple(steps(15), steps(20), steps(20));
  const property = fc.asyncProperty(story, async ([before, meanwhile, afterwards]) => {
    const model = await newModel();
    for (const part of [before, theft, meanwhile, recovery, afterwards]) {
      await fc.asyncModelRun(() => ({ model, real: {} }), part);
      count += [...part].length;
    }
    for (const what of model.reached) reached[what] = (reached[what] ?? 0) + 1;
  });
  await fc.assert(property, { numRuns: RUNS, endOnFailure: true });
  console.log(`${count} steps; runs that got to: ${JSON.stringify(reached)}`);
  for (const what of ['stolen', 'recovered', 'mallory moved after the theft']) {
    expect(Object.keys(reached)).toContain(what);
  }
});
