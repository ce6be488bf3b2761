/** How many consumers a number of refreshes takes: a sum, from what one was measured to do. */

/** Connections a message, and refreshes at a time in one invocation: src/jobs and src/domain/oauth. */
export const BATCH = 50;
export const WIDTH = 6;

/** A batch takes so many providers' answers, one after another: the last round is not full. */
const ROUNDS = Math.ceil(BATCH / WIDTH);

export interface Pace {
  readonly providerMs: number;
  /** Refreshes a second of one invocation that is given one batch after another. */
  readonly perSecond: number;
}

/**
 * Milliseconds of a refresh beside the provider's: opening, sealing, the commit, its share of the lease and of the
 * queue's turn.
 */
export function overheadOf({ providerMs, perSecond }: Pace): number {
  return (1000 * BATCH) / perSecond / ROUNDS - providerMs;
}

/** The same invocation with another provider: six places, each held for the provider and the rest. */
export function paceWith(measured: Pace, providerMs: number): Pace {
  return { providerMs, perSecond: (1000 * BATCH) / (ROUNDS * (providerMs + overheadOf(measured))) };
}

/** Invocations at once for so many refreshes an hour, evenly due. */
export function consumersFor(perHour: number, { perSecond }: Pace): number {
  return Math.ceil(perHour / 3600 / perSecond);
}
