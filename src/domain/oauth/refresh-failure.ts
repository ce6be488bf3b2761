/** What a refresh that did not work leaves behind, and whom it is about: the grant, the row, or the client of all. */
import type { GrantRules, ProviderFailure, TokenSet } from '../../connectors/types.ts';
import type { VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { retryIn } from './schedule.ts';
import type { SealedConnection } from './vault.ts';

/** Failures of class configuration that a row has for itself: they say nothing of the client that others use too. */
const OF_ROW: readonly string[] = ['seal.unknown_key', 'parameters_refused'];
/** Until an operator has looked. */
const ROW_WAIT_SECONDS = 600;

/** A connection that this caller may refresh, and nobody else. */
export interface Leased {
  readonly connection: SealedConnection;
  /** The lease before ended in silence: its answer may have been lost. */
  readonly isUnanswered?: boolean;
}

/**
 * How a refresh ended. `queued`: the provider answered, and the database will hear of it. `superseded`: somebody else's
 * tokens are newer. `ended`: the connection waits for a person.
 */
export type Refreshed =
  | { readonly kind: 'refreshed' | 'queued'; readonly tokens: TokenSet }
  | { readonly kind: 'superseded' }
  | { readonly kind: 'ended'; readonly status: 'revoked' | 'error'; readonly failure: ProviderFailure }
  | { readonly kind: 'failed'; readonly failure: ProviderFailure; readonly retryIn: number };

/** Whether every connection of the client would fail so. */
export function isOfClient(failure: Pick<ProviderFailure, 'class' | 'code'>): boolean {
  return failure.class === 'configuration' && !isOfRow(failure);
}

/** Whether it is this row's alone: nobody asked the provider. */
export function isOfRow({ code }: Pick<ProviderFailure, 'code'>): boolean {
  return OF_ROW.includes(code);
}

interface Failing {
  readonly leaseId: string;
  readonly failure: ProviderFailure;
  readonly rules: GrantRules | null;
}

/** Ends the lease with its evidence, and the connection where the failure is final. One trip. */
export async function failRefresh(
  ctx: VaultContext,
  leased: Leased,
  { leaseId, failure, rules }: Failing,
): Promise<Refreshed> {
  const { connection, isUnanswered } = leased;
  const isPermanent = failure.class === 'permanent';
  // A seal that does not open is our own row's fault: nobody took the grant away.
  const status = failure.code.startsWith('seal.') ? 'error' : 'revoked';
  const wait = waitAfter(connection, failure, rules);
  const wasUnanswered = isUnanswered === true || connection.lastFailure?.class === 'ambiguous';
  const { retryAfter: _, ...evidence } = failure;
  const row = {
    id: connection.id,
    version: connection.version,
    leaseId,
    result: isPermanent ? status : null,
    retryIn: wait,
    failure: { ...evidence, ...(isPermanent && wasUnanswered && { afterUnanswered: true }) },
  };
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.fail_refresh($1::jsonb) as outcome', [JSON.stringify(row)]),
  ]);
  // Whoever was first has newer tokens: what the provider said is about the old ones.
  if (firstValue(rows, 'outcome') === 'superseded') return { kind: 'superseded' };
  return isPermanent ? { kind: 'ended', status, failure } : { kind: 'failed', failure, retryIn: wait };
}

/**
 * An answer that was lost may have spent the refresh token. Where using it twice ends the grant, the token in hand is
 * used to its end first: there is nothing better to lose it for.
 */
function waitAfter(connection: SealedConnection, failure: ProviderFailure, rules: GrantRules | null): number {
  const wait = Math.max(retryIn(connection.failureCount, failure.retryAfter), isOfRow(failure) ? ROW_WAIT_SECONDS : 0);
  const endsGrant = failure.class === 'ambiguous' && rules?.refresh?.reuse === 'revokes';
  return endsGrant ? Math.max(wait, (connection.secondsLeft ?? 0) - 60) : wait;
}
