/** Text that SQL clients brought into the vault is sealed for its row, soon after. */
import { findConnector } from '../../connectors/index.ts';
import type { VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { BATCH, type ResealResult, sealAnew, storeSealed, type VaultRow } from './reseal.ts';
import { firstRefreshIn } from './schedule.ts';
import { resealIfOld, sealedFor } from './vault.ts';
import { isSealed } from '../../lib/sealing.ts';

/** Where text may be. */
export const plainTables = ['oauth_connections', 'user_integrations', 'grant_revocations'] as const;

/** Before every id. */
export const FIRST_ID = '00000000-0000-0000-0000-000000000000';

/** A row as `gatehouse.values_to_seal` answers it; what is about time, of connections alone. */
interface PlainRow extends VaultRow {
  readonly version?: number;
  readonly hasRefreshToken?: boolean;
  /** By the database's clock; null where nobody knows its end. */
  readonly secondsLeft?: number | null;
}

/** What became of a batch, and the id it ended with: the next one begins there. */
export interface SealResult extends ResealResult {
  readonly last: string;
}

/**
 * Seals a batch of rows of one table, by id after `after`. A value that was written meanwhile keeps its newer one, and is
 * found by the next run. A connection that can be refreshed is due from then on as any other.
 */
export async function sealPlainBatch(
  ctx: VaultContext,
  table: (typeof plainTables)[number],
  after: string,
): Promise<SealResult> {
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.values_to_seal($1, $2::uuid, $3) as found', [table, after, BATCH]),
  ]);
  const found = firstValue<PlainRow[]>(rows, 'found');
  const result = await storeSealed(ctx, { job: 'seal', found }, async (brought) => {
    const { version, hasRefreshToken, secondsLeft, ...row } = brought;
    return {
      ...(await sealAnew(row, (value, field) => sealText(ctx, value, sealedFor(row, field)))),
      version,
      nextRefreshIn: firstRefreshIn({ hasRefreshToken, secondsLeft }, findConnector(row.connector)?.grant),
    };
  });
  return { ...result, last: found.at(-1)?.id ?? after };
}

/** An absent access token is the empty text, and stays it. */
async function sealText(
  { settings }: VaultContext,
  value: string,
  context: ReturnType<typeof sealedFor>,
): Promise<string> {
  if (value === '') return value;
  return isSealed(value)
    ? ((await resealIfOld(settings, value, context)) ?? value)
    : settings.sealer.seal(value, context);
}
