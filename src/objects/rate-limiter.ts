import { DurableObject } from 'cloudflare:workers';

import { type KeyKind, limitsOf, nextFreeAt, type PolicyName, type RateLimitDecision } from '../rate-limits.ts';

/** What is kept: the moments of the granted takes, oldest first, and when the last of them stops to matter. */
interface State {
  readonly taken: readonly number[];
  readonly keepUntil: number;
  /** The operation of the last granted take, how often it was sent again, and when somebody last set out to do it. */
  readonly last?: {
    readonly operation: string;
    readonly repeats: number;
    readonly begunAt: number;
    readonly isDone: boolean;
  };
}

const STATE = 'state';
const SAVE_EVERY_MS = 2000;
const MAX_REPEATS = 2;
/** Whoever began an operation and has not said by then that it is done, has died on the way. */
const UNDER_WAY_MS = 10_000;

/**
 * One object per policy, kind of key and key. It answers from memory and writes seldom: at once when a take fills a
 * limit, so that no restart lifts a block, otherwise at most every two seconds, so that a restart forgets at most the
 * takes of two seconds. An alarm erases what is idle. Where there is state in storage, an alarm is set.
 */
export class RateLimiter extends DurableObject<unknown> {
  /** The clock, in milliseconds since the epoch. A field of the instance is out of reach of RPC. */
  now: () => number = () => Date.now();

  #state: State = this.ctx.storage.kv.get<State>(STATE) ?? { taken: [], keepUntil: 0 };
  #hasAlarm = this.#state.keepUntil > 0;
  #savedAt = 0;
  #pendingSave: ReturnType<typeof setTimeout> | undefined;

  /**
   * Takes one use, or refuses and says when. A refused take is not counted and puts nothing off.
   * @param operation names what is done, such as by its Idempotency-Key: sent again at once because its answer was lost,
   * it is granted without being counted, twice at the most, and told whether to do anything
   */
  async take(policy: PolicyName, kind: KeyKind, operation?: string): Promise<RateLimitDecision> {
    const limits = limitsOf(policy, kind);
    const now = this.now();
    const repeat = this.#repeat(operation, now);
    if (repeat) return { allowed: true, ...repeat, retryAfterSeconds: 0, resetAt: iso(now) };
    const keepMs = Math.max(0, ...limits.map((limit) => limit.seconds)) * 1000;
    // A clock that was set back must not lengthen a block: no take lies in the future.
    const taken = this.#state.taken.filter((at) => at > now - keepMs).map((at) => Math.min(at, now));
    const freeAt = nextFreeAt(taken, limits);
    if (freeAt > now) {
      this.#state = { ...this.#state, taken };
      return {
        allowed: false,
        isRepeat: false,
        retryAfterSeconds: Math.ceil((freeAt - now) / 1000),
        resetAt: iso(freeAt),
      };
    }
    taken.push(now);
    this.#state = {
      taken,
      keepUntil: now + keepMs,
      last: operation === undefined ? undefined : { operation, repeats: 0, begunAt: now, isDone: false },
    };
    const nextAt = nextFreeAt(taken, limits);
    await this.#saveSoon(nextAt > now);
    return { allowed: true, isRepeat: false, retryAfterSeconds: 0, resetAt: iso(Math.max(nextAt, now)) };
  }

  /** The operation is done: sent again, it is granted and does nothing. */
  async finish(operation: string): Promise<void> {
    const { last } = this.#state;
    if (last?.operation === operation) this.#state = { ...this.#state, last: { ...last, isDone: true } };
  }

  override async alarm(): Promise<void> {
    if (this.now() < this.#state.keepUntil) {
      await this.ctx.storage.setAlarm(this.#state.keepUntil);
      return;
    }
    this.#cancelPendingSave();
    this.#state = { taken: [], keepUntil: 0 };
    this.#hasAlarm = false;
    await this.ctx.storage.deleteAll();
  }

  /** Null for what is no repeat. Else whether it is done, or under way by somebody else. */
  #repeat(operation: string | undefined, now: number): { readonly isRepeat: boolean } | null {
    const { last } = this.#state;
    if (operation === undefined || last?.operation !== operation || last.repeats >= MAX_REPEATS) return null;
    const isRepeat = last.isDone || now - last.begunAt < UNDER_WAY_MS;
    const begunAt = isRepeat ? last.begunAt : now;
    this.#state = { ...this.#state, last: { ...last, repeats: last.repeats + 1, begunAt } };
    return { isRepeat };
  }

  async #saveSoon(atOnce: boolean): Promise<void> {
    if (atOnce || this.now() - this.#savedAt >= SAVE_EVERY_MS) return this.#save();
    this.#pendingSave ??= setTimeout(() => this.ctx.waitUntil(this.#save()), SAVE_EVERY_MS);
  }

  async #save(): Promise<void> {
    this.#cancelPendingSave();
    this.#savedAt = this.now();
    // Both before any await: the write and the alarm are then stored together.
    this.ctx.storage.kv.put(STATE, this.#state);
    if (this.#hasAlarm) return;
    this.#hasAlarm = true;
    await this.ctx.storage.setAlarm(this.#state.keepUntil);
  }

  #cancelPendingSave(): void {
    clearTimeout(this.#pendingSave);
    this.#pendingSave = undefined;
  }
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
