/** How tests set faults at the provider of the run: by `fetch` alone, so in workerd as well. */
import type { Counts, Match, Rule } from './fault-proxy/rules.ts';

export type { Counts, Fault, Match, Rule } from './fault-proxy/rules.ts';

/** One rule at the proxy. */
export interface RemoteFault {
  /** How many requests met it so far. */
  applied(): Promise<number>;
  remove(): Promise<void>;
}

/**
 * Sets a fault. Tests run side by side on one proxy, so name whose requests it is for (`when`).
 * @param issuer the proxy's address, which is the provider's issuer
 */
export async function addFault(issuer: string, rule: Rule): Promise<RemoteFault> {
  const { id } = await ask<{ id: number }>(issuer, 'add', rule);
  return {
    applied: async () => (await ask<{ applied: number }>(issuer, 'applied', { id })).applied,
    remove: async () => void (await ask(issuer, 'remove', { id })),
  };
}

/** What arrived at the token endpoint, or at another, of one person or of all. */
export function countsAt(issuer: string, match: Match = {}): Promise<Counts> {
  return ask(issuer, 'counts', match);
}

async function ask<T>(issuer: string, action: string, body: object): Promise<T> {
  const response = await fetch(`${issuer}/faults/${action}`, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`The fault proxy answered ${response.status}: ${await response.text()}`);
  return response.json();
}
