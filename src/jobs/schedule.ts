import type { VaultContext } from '../context.ts';
import { cleanup } from './cleanup.ts';
import { enqueueDueConnections } from './enqueue-due-connections.ts';
import { identifyAccounts } from './identify-accounts.ts';
import { resealVault } from './reseal-vault.ts';
import { revokeGivenUpGrants } from './revoke-given-up-grants.ts';

/** A job works in bounded batches and answers counts for its log line. Two runs at once must only share the work. */
export type Job = (ctx: VaultContext) => Promise<Record<string, number>>;

/** What runs when: cron expression to jobs by name. `wrangler.toml` lists the same expressions. */
export const jobs: Readonly<Record<string, Readonly<Record<string, Job>>>> = {
  '* * * * *': { enqueueDueConnections, revokeGivenUpGrants },
  '*/10 * * * *': { cleanup, resealVault, identifyAccounts },
};
