import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider';

/** One thing that the provider keeps. */
export interface Entry {
  readonly payload: AdapterPayload;
  /** Unix time in milliseconds. */
  readonly expiresAt: number;
}

const SWEEP_MS = 60_000;

/**
 * Where the provider keeps codes, tokens, grants and interactions: in memory, each until it expires. The library's own
 * memory forgets the oldest beyond a thousand, which looks like a revoked grant.
 *
 * No answer waits for anything: the library looks whether a code or refresh token was used and then says that it is, so
 * of many that bring the same one at once, only in a store that waits would more than one be let through.
 *
 * Sessions are not kept at all. So every authorisation asks anew who it is, and changing between people needs no
 * sign-out at the provider.
 * @param entries what it holds, by model and id
 */
export function memoryStore(entries: Map<string, Entry>): AdapterFactory {
  let sweptAt = Date.now();
  const sweep = () => {
    if (Date.now() - sweptAt < SWEEP_MS) return;
    sweptAt = Date.now();
    removeWhere(entries, ({ expiresAt }) => expiresAt <= sweptAt);
  };
  return (model) => (model === 'Session' ? forgetful : adapterFor(model, entries, sweep));
}

function adapterFor(model: string, entries: Map<string, Entry>, sweep: () => void): Adapter {
  const keyOf = (id: string) => `${model}:${id}`;
  const live = (id: string) => {
    const entry = entries.get(keyOf(id));
    return entry && entry.expiresAt > Date.now() ? entry.payload : undefined;
  };
  return {
    upsert: async (id, payload, expiresIn = Infinity) => {
      sweep();
      entries.set(keyOf(id), { payload, expiresAt: Date.now() + expiresIn * 1000 });
    },
    find: async (id) => live(id),
    consume: async (id) => {
      const payload = live(id);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    destroy: async (id) => void entries.delete(keyOf(id)),
    revokeByGrantId: async (grantId) => removeWhere(entries, ({ payload }) => payload.grantId === grantId),
    // Of sessions and of the device flow, neither of which is here.
    findByUid: async () => undefined,
    findByUserCode: async () => undefined,
  };
}

function removeWhere(entries: Map<string, Entry>, isGone: (entry: Entry) => boolean): void {
  for (const [key, entry] of entries) if (isGone(entry)) entries.delete(key);
}

const nothing = async () => undefined;

const forgetful: Adapter = {
  upsert: nothing,
  find: nothing,
  consume: nothing,
  destroy: nothing,
  revokeByGrantId: nothing,
  findByUid: nothing,
  findByUserCode: nothing,
};
