import type { ProviderFailure } from '../../connectors/types.ts';
import type { VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { hasOwnClient, type SealedConnection } from './vault.ts';

const CONFIGURATION = { seconds: 300, maxSeconds: 3600 };
const OUTAGE = { seconds: 60, maxSeconds: 1800 };

/**
 * Leaves a connector alone for a while, for the grants of one client, twice as long each time in a row, and never longer
 * than its bound, whatever Retry-After says. The first time that the deployment's client is refused is logged as an error,
 * once, however many connections wait; a client that came with a grant is its owner's matter.
 * @returns seconds until it is tried again
 */
export async function tripBreaker(
  ctx: VaultContext,
  connection: SealedConnection,
  failure: ProviderFailure,
): Promise<number> {
  const { connector, breakerKey: key } = connection;
  const isClient = failure.class === 'configuration';
  const isOwn = hasOwnClient(connection);
  const base = isClient ? CONFIGURATION : OUTAGE;
  const seconds = Math.max(base.seconds, failure.retryAfter ?? 0);
  const row = { connector, key, isAlert: isClient && !isOwn, ...base, seconds, failure };
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.open_breaker($1::jsonb) as breaker', [JSON.stringify(row)]),
  ]);
  const opened = firstValue<{ isNew: boolean; seconds: number }>(rows, 'breaker');
  if (opened.isNew && !isOwn) {
    const event = isClient ? 'connector.misconfigured' : 'connector.unreachable';
    ctx.log({ event, level: isClient ? 'error' : 'warn', detail: `${connector} ${failure.code}` });
  }
  return opened.seconds;
}
