/** Tells providers of grants that were given up here (RFC 7009), until they have heard. */
import { revokeGrant } from '../../connectors/flow.ts';
import type { RevocationOutcome } from '../../connectors/types.ts';
import type { VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { SettingError } from '../../lib/keys.ts';
import { sideBySide } from '../../lib/side-by-side.ts';
import { clientOf } from './client.ts';
import { retryIn } from './schedule.ts';
import { openSealed, sealedFor } from './vault.ts';

const BATCH = 24;
const WIDTH = 6;
/** With an hour between the later ones, about a week. */
const MOST_ATTEMPTS = 170;

interface Revocation {
  readonly id: string;
  readonly owner: string;
  readonly connector: string;
  readonly accountId: string;
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  readonly field: 'refresh_token' | 'access_token';
  readonly token: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly attempts: number;
  readonly isShared: boolean;
}

/** What is written of one try: how it ended, or when it is tried again. */
interface Settled {
  readonly event?: 'grant_revoked' | 'grant_gone' | 'grant_kept' | 'grant_not_revocable' | 'revocation_given_up';
  readonly failure?: { readonly class: string; readonly code: string; readonly status: number | null };
  readonly retryIn?: number;
}

/** One batch of the job. @returns how many ended, and how many wait for another try */
export async function revokeGrants(ctx: VaultContext): Promise<{ ended: number; postponed: number }> {
  const [rows] = await ctx.systemGate(() => [plain('select gatehouse.claim_revocations($1) as claimed', [BATCH])]);
  const counts = { ended: 0, postponed: 0 };
  await sideBySide(firstValue<Revocation[]>(rows, 'claimed'), WIDTH, async (revocation) => {
    const settled = await revoke(ctx, revocation);
    counts[settled.retryIn === undefined ? 'ended' : 'postponed'] += 1;
    await settle(ctx, revocation.id, settled);
  });
  return counts;
}

async function settle(ctx: VaultContext, id: string, settled: Settled): Promise<void> {
  await ctx.systemGate(() => [
    plain('select from gatehouse.settle_revocation($1::uuid, $2::jsonb)', [id, JSON.stringify(settled)]),
  ]);
}

async function revoke(ctx: VaultContext, revocation: Revocation): Promise<Settled> {
  const { connector: name, field, attempts, isShared } = revocation;
  try {
    const found = await clientOf(ctx.settings, revocation);
    // A connector without code here: nobody knows how its grants are revoked.
    if ('problem' in found && found.problem === 'connector_unknown') return { event: 'grant_not_revocable' };
    if ('problem' in found) return again(attempts, { class: 'configuration', code: found.problem, status: null });
    const { connector, client } = found;
    // Ending the grant would end the other connection of the same account too.
    if (isShared && connector.grant?.revocation?.reach === 'grant') return { event: 'grant_kept' };
    const token = await openSealed(ctx.settings, revocation.token, sealedFor(revocation, field));
    const { parameters } = revocation;
    return settledBy(await revokeGrant(connector, client, { token, tokenType: field, parameters }), attempts);
  } catch (error) {
    // Thrown on, it would end the job while the others wait for their provider.
    const code = error instanceof AppError ? error.code : error instanceof SettingError ? 'client_malformed' : null;
    if (code === null) ctx.log({ event: 'grant.revocation_broken', level: 'error', detail: name });
    return again(attempts, { class: 'configuration', code: code ?? 'internal_error', status: null });
  }
}

function settledBy(outcome: RevocationOutcome, attempts: number): Settled {
  if (outcome.kind === 'revoked') return { event: 'grant_revoked' };
  if (outcome.kind === 'unsupported') return { event: 'grant_not_revocable' };
  const { retryAfter, ...failure } = outcome.failure;
  // The provider knows the token no more: there is nothing left to revoke.
  if (failure.class === 'permanent') return { event: 'grant_gone', failure };
  return again(attempts, failure, retryAfter);
}

function again(attempts: number, failure: NonNullable<Settled['failure']>, retryAfter: number | null = null): Settled {
  if (attempts >= MOST_ATTEMPTS) return { event: 'revocation_given_up', failure };
  return { failure, retryIn: retryIn(attempts, retryAfter) };
}
