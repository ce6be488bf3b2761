import type { SystemContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import { requestRecord } from './session.ts';

/**
 * "This wasn't me", from a mail about the account: ends every session and undoes what was changed since. Asked again it
 * succeeds. One trip. @throws alert.invalid
 */
export async function reportNotMe(ctx: SystemContext, token: string): Promise<void> {
  await ctx.limit('alert.report');
  const params = [await sha256Hex(token), JSON.stringify(requestRecord(ctx))];
  const [rows] = await ctx.system(() => [plain('select gatehouse.report_not_me($1, $2::jsonb) as answer', params)]);
  const { outcome } = firstValue<{ outcome: 'secured' | ErrorCode }>(rows, 'answer');
  if (outcome !== 'secured') throw new AppError(outcome);
  ctx.log({ event: 'account.secured', level: 'warn' });
}
