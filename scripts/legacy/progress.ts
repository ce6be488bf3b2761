import type { Progress } from '../../src/db/legacy/index.ts';

const names: Readonly<Record<string, string>> = {
  inspect: 'looking at the schema',
  lock: 'waiting for locks',
  count: 'counting what would be moved',
  move: 'moving users',
  foreign_keys: 'foreign keys',
  views: 'views and functions',
  verify: 'verification queries',
  compare: 'comparing users',
  changes: 'writing back what changed',
  new_users: 'writing back new users',
  schema: 'putting the schema back',
  remove: 'removing what is back',
};

/** Prints a step when it begins, when it ends, and at most every two seconds in between. */
export function progressPrinter(say: (line: string) => void): { show(progress: Progress): void } {
  let last = { step: '', at: 0 };
  return {
    show: ({ step, done, total }) => {
      const name = names[step];
      const now = Date.now();
      if (name === undefined || (step === last.step && done < total && now - last.at < 2000)) return;
      if (step === last.step && done === total && total === 1) return;
      last = { step, at: now };
      say(total > 1 ? `${name}: ${done.toLocaleString('en')} of ${total.toLocaleString('en')}` : name);
    },
  };
}
