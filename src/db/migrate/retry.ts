import { type DatabaseRefusal, databaseRefusal } from './errors.ts';

/** How often to try again, and what to tell the person meanwhile. */
export interface RetryOptions {
  readonly attempts: number;
  /** Whether the same batch may succeed after this refusal. */
  readonly mayPass: (refusal: DatabaseRefusal) => boolean;
  readonly onRetry?: (attempt: number, delay: number) => void;
}

/** Runs `work` again while it is refused for a reason that may pass, waiting longer each time (0.1 s to 2 s, with jitter). */
export async function withRetries<T>(work: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      const refusal = databaseRefusal(error);
      if (attempt >= options.attempts || refusal === null || !options.mayPass(refusal)) throw error;
      // Jitter, so that runs that started together do not meet again.
      const delay = Math.min(100 * 2 ** (attempt - 1), 2000) * (0.5 + Math.random() / 2);
      options.onRetry?.(attempt, delay);
      await sleep(delay);
    }
  }
}

/** Waits for so many milliseconds. */
export async function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
