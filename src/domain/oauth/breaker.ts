import type { ProviderFailure } from '../../connectors/types.ts';
import type { VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import type { SealedConnection } from './vault.ts';

const CONFIGURATION = { seconds: 300, maxSeconds: 3600 };
const OUTAGE = { seconds: 60, maxSeconds: 1800 };

/**
 * Leaves a connector alone for a while, twice as long each time in a row. The first time that our own client is refused
 * is logged as an error, once, however many connections wait.
 * @returns seconds until it is tried again
 */
export async function tripBreaker(
  ctx: VaultContext,
  { connector, clientId }: Pick<SealedConnection, 'connector' | 'clientId'>,
  failure: ProviderFailure,
): Promise<number> {
  const isOurs = failure.class === 'configuration';
  const base = isOurs ? CONFIGURATION : OUTAGE;
  const row = { connector, clientId, ...base, seconds: Math.max(base.seconds, failure.retryAfter ?? 0), failure };
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.open_breaker($1::jsonb) as breaker', [JSON.stringify(row)]),
  ]);
  const { isNew, seconds } = firstValue<{ isNew: boolean; seconds: number }>(rows, 'breaker');
  if (isNew) {
    const event = isOurs ? 'connector.misconfigured' : 'connector.unreachable';
    ctx.log({ event, level: isOurs ? 'error' : 'warn', detail: `${connector} ${failure.code}` });
  }
  return seconds;
}
