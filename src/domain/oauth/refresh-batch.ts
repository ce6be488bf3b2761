/** Refreshes a claimed batch: one trip to lease it, then each connection by itself, at most six at a time. */
import type { ProviderFailure } from '../../connectors/types.ts';
import type { VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { newId } from '../../lib/ids.ts';
import { sideBySide } from '../../lib/side-by-side.ts';
import { tripBreaker } from './breaker.ts';
import { leaseRules } from './lease-rules.ts';
import { isOfClient, isOfRow, type Leased, type Refreshed } from './refresh-failure.ts';
import { PROVIDER_DEADLINE_MS, refreshLeased } from './refresh.ts';
import type { RefreshMessage } from './vault-message.ts';
import type { SealedConnection } from './vault.ts';

/** Workers have six connections that wait for headers, in one invocation. */
const WIDTH = 6;
const LEASE_SECONDS = 60;
/** A call that begins later could end after the lease. */
const LAST_START_MS = LEASE_SECONDS * 1000 - PROVIDER_DEADLINE_MS - 5_000;
/**
 * Failures of so many owners, with no success between them, are the provider's state. Those of one owner are not, however
 * many: a member can have grants that the provider refuses, and must not stop everybody by them.
 */
const FAILURES_TO_TRIP = 5;
/** A provider may count requests for each account. Two owners who are told to come later are enough to believe it of all. */
const LIMITS_TO_TRIP = 2;

/** What became of a batch, for its log line. */
export interface BatchResult {
  readonly refreshed: number;
  readonly failed: number;
  readonly ended: number;
  /** Given back without a call: the connector is left alone, or the time was up. */
  readonly released: number;
  /** Someone else had it, or had been there. */
  readonly skipped: number;
}

/** How a connector does within this batch, for the grants of one client. */
interface ConnectorState {
  /** Whose grants failed since the last success. */
  readonly failing: Set<string>;
  /** Who of them was told that requests come too often (429). */
  readonly limited: Set<string>;
  /** Seconds to leave it alone; null while it is called. */
  pausedFor: number | null;
}

/** @throws AppError when the batch could not be leased: then nothing was done */
export async function refreshBatch(ctx: VaultContext, rows: RefreshMessage['rows']): Promise<BatchResult> {
  const leaseId = newId();
  const begunAt = Date.now();
  const all = interleave(await leaseAll(ctx, rows, leaseId));
  const states = new Map<string, ConnectorState>();
  const left: SealedConnection[] = [];
  const counts = { refreshed: 0, failed: 0, ended: 0, superseded: 0 };
  await sideBySide(all, WIDTH, async (leased) => {
    const state = stateOf(states, leased.connection);
    const isHeldBack = state.pausedFor !== null || Date.now() - begunAt > LAST_START_MS;
    if (isHeldBack) left.push(leased.connection);
    else counts[await refreshOne(ctx, { leased, state, leaseId })] += 1;
  });
  await release(ctx, { left, states, leaseId });
  const { superseded, ...done } = counts;
  return { ...done, released: left.length, skipped: rows.length - all.length + superseded };
}

/**
 * One that throws ends by itself: its lease runs out. Thrown on, it would end the invocation while the others wait for
 * their provider, and lose what it answers them.
 */
async function refreshOne(
  ctx: VaultContext,
  { leased, state, leaseId }: { readonly leased: Leased; readonly state: ConnectorState; readonly leaseId: string },
): Promise<'refreshed' | 'failed' | 'ended' | 'superseded'> {
  try {
    const refreshed = await refreshLeased(ctx, leased, leaseId);
    await watch(ctx, { state, connection: leased.connection }, refreshed);
    return refreshed.kind === 'queued' ? 'refreshed' : refreshed.kind;
  } catch (error) {
    const code = error instanceof AppError ? error.code : 'internal.error';
    ctx.log({ event: 'connection.refresh_broken', level: 'error', code, detail: leased.connection.connector });
    return 'failed';
  }
}

async function leaseAll(ctx: VaultContext, rows: RefreshMessage['rows'], leaseId: string): Promise<Leased[]> {
  const lease = { id: leaseId, seconds: LEASE_SECONDS, ...leaseRules };
  const [result] = await ctx.systemGate(() => [
    plain('select gatehouse.lease_connections($1::jsonb, $2::jsonb) as leased', [
      JSON.stringify(rows),
      JSON.stringify(lease),
    ]),
  ]);
  return firstValue<Leased[]>(result, 'leased');
}

/** One of each connector in turn, so that a slow one does not hold all six places. */
export function interleave(leased: readonly Leased[]): Leased[] {
  const groups = [...Map.groupBy(leased, ({ connection }) => connection.connector).values()];
  const longest = Math.max(0, ...groups.map((group) => group.length));
  return Array.from({ length: longest }, (_, turn) => groups.flatMap((group) => group[turn] ?? [])).flat();
}

function stateOf(states: Map<string, ConnectorState>, connection: SealedConnection): ConnectorState {
  const key = keyOf(connection);
  const state: ConnectorState = states.get(key) ?? { failing: new Set(), limited: new Set(), pausedFor: null };
  states.set(key, state);
  return state;
}

function keyOf({ connector, breakerKey }: SealedConnection): string {
  return `${connector} ${breakerKey}`;
}

/** A success says that the provider answers: what failed before it counts no more. */
async function watch(
  ctx: VaultContext,
  { state, connection }: { readonly state: ConnectorState; readonly connection: SealedConnection },
  refreshed: Refreshed,
): Promise<void> {
  if (refreshed.kind !== 'failed') {
    state.failing.clear();
    state.limited.clear();
    return;
  }
  const { failure } = refreshed;
  if (isOfRow(failure)) return;
  state.failing.add(connection.owner);
  if (failure.status === 429) state.limited.add(connection.owner);
  if (state.pausedFor === null && isReasonToPause(state, failure)) {
    state.pausedFor = await tripBreaker(ctx, connection, failure);
  }
}

/** A refused client is enough by itself: the provider looks at it before the grant. Else it takes several owners. */
function isReasonToPause({ failing, limited }: ConnectorState, failure: ProviderFailure): boolean {
  return isOfClient(failure) || limited.size >= LIMITS_TO_TRIP || failing.size >= FAILURES_TO_TRIP;
}

async function release(
  ctx: VaultContext,
  given: { left: readonly SealedConnection[]; states: ReadonlyMap<string, ConnectorState>; leaseId: string },
): Promise<void> {
  const byWait = Map.groupBy(given.left, (connection) => given.states.get(keyOf(connection))?.pausedFor ?? 1);
  if (byWait.size === 0) return;
  await ctx.systemGate(() =>
    [...byWait].map(([seconds, connections]) =>
      plain('select gatehouse.release_leases($1::uuid, $2::uuid[], $3)', [
        given.leaseId,
        `{${connections.map(({ id }) => id).join(',')}}`,
        Math.ceil(seconds),
      ]),
    ),
  );
}
