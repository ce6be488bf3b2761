/**
 * Of one invocation, six connections may wait for their response's headers; the seventh is held back. workerd by itself
 * holds back none. https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections
 */
const LIMIT = 6;

/** The connections of one invocation. */
export class Connections {
  /** The most that were asked for at the same time. */
  most = 0;
  /** How many were held back. */
  heldBack = 0;
  #waiting = 0;
  #queue: (() => void)[] = [];

  async use<Result>(send: () => Promise<Result>): Promise<Result> {
    this.most = Math.max(this.most, this.#waiting + this.#queue.length + 1);
    if (this.#waiting < LIMIT) this.#waiting += 1;
    else {
      this.heldBack += 1;
      await new Promise<void>((go) => this.#queue.push(go));
    }
    try {
      return await send();
    } finally {
      // Whoever is next takes over the place.
      const next = this.#queue.shift();
      if (next) next();
      else this.#waiting -= 1;
    }
  }
}
