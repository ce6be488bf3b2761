/**
 * Stands in for Cloudflare's rate-limit binding, which counts in the memory of the machine the Worker runs on. (The
 * local simulator of wrangler writes each count into SQLite through a Durable Object: a cost that no deployment has.)
 */
class RateLimitBinding {
  #counts = new Map();
  #window = 0;

  constructor({ limit, period }) {
    this.limitPerPeriod = limit;
    this.periodMs = period * 1000;
  }

  async limit({ key }) {
    const window = Math.floor(Date.now() / this.periodMs);
    if (window !== this.#window) this.#counts.clear();
    this.#window = window;
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.set(key, count);
    return { success: count <= this.limitPerPeriod };
  }
}

export default (env) => new RateLimitBinding(env);
