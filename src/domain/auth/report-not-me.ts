import type { SystemContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import { securedMail, type SecuredRole } from '../../mail/templates/secured.ts';
import type { Reported, ReportNotMeInput, ReportPreview } from './report-views.ts';
import {
  addressItem,
  addressLeft,
  itemOf,
  keptItem,
  lossOf,
  type StoredAddress,
  type StoredItem,
  type StoredLoss,
} from './report-words.ts';
import { requestRecord } from './session.ts';

interface PreviewAnswer {
  readonly outcome: 'preview';
  readonly isSpent: boolean;
  readonly items: readonly StoredItem[];
  readonly address?: StoredAddress | null;
  readonly losses: readonly StoredLoss[];
}

interface ReportAnswer {
  readonly outcome: 'secured';
  readonly isRepeated: boolean;
  /** The report of another mail spent this one; what that came to is its reader's to know. */
  readonly isOfOtherMail?: boolean;
  readonly sessionsEnded: number;
  readonly undone: readonly StoredItem[];
  readonly kept: readonly StoredItem[];
  readonly address?: StoredAddress | null;
  readonly losses: readonly StoredLoss[];
  readonly mails: readonly { readonly email: string; readonly role: SecuredRole }[];
}

interface Refused {
  readonly outcome: ErrorCode;
}

/** What the report of a mail would undo, and what it could not. Changes nothing. One trip. @throws alert.invalid */
export async function previewNotMe(ctx: SystemContext, { token }: { readonly token: string }): Promise<ReportPreview> {
  await ctx.limit('alert.report');
  const params = [await sha256Hex(token)];
  const [rows] = await ctx.system(() => [plain('select gatehouse.preview_report($1) as answer', params)]);
  const answer = firstValue<PreviewAnswer | Refused>(rows, 'answer');
  if (answer.outcome !== 'preview') throw new AppError(answer.outcome);
  const { isSpent, items, address, losses } = answer;
  return {
    isSpent,
    items: [...changesUndone(address), ...items.map(itemOf)],
    notUndone: leftOver({ address, losses }),
  };
}

/**
 * "This wasn't me", from a mail about the account: ends every session and undoes what was added since, but for what the
 * person keeps; tells every address involved. Sent again it answers what it came to. One trip. @throws alert.invalid
 */
export async function reportNotMe(ctx: SystemContext, { token, keep }: ReportNotMeInput): Promise<Reported> {
  await ctx.limit('alert.report');
  const facts = { ...requestRecord(ctx), keep: keep ?? [], operationId: await ctx.operation.id('report') };
  const params = [await sha256Hex(token), JSON.stringify(facts)];
  const [rows] = await ctx.system(() => [plain('select gatehouse.report_not_me($1, $2::jsonb) as answer', params)]);
  const answer = firstValue<ReportAnswer | Refused>(rows, 'answer');
  if (answer.outcome !== 'secured') throw new AppError(answer.outcome);
  const reported = viewOf(answer);
  if (!answer.isRepeated && answer.address?.outcome !== 'outranked')
    ctx.log({ event: 'account.secured', level: 'warn' });
  for (const mail of answer.mails) send(ctx, mail, reported);
  return reported;
}

function viewOf(answer: ReportAnswer): Reported {
  const { address, isRepeated, isOfOtherMail, sessionsEnded } = answer;
  const undone = [...changesUndone(address), ...answer.undone.map(itemOf)];
  const kept = [...(address?.kept ?? []).map(addressItem), ...answer.kept.map(itemOf)];
  const notUndone = [...kept.map(keptItem), ...leftOver(answer)];
  const isComplete = notUndone.length === 0 && isOfOtherMail !== true;
  return { isComplete, isRepeated, sessionsEnded, undone, notUndone };
}

function changesUndone(address: StoredAddress | null | undefined) {
  return address?.outcome === 'restored' || address?.outcome === 'kept' ? address.undone.map(addressItem) : [];
}

function leftOver({ address, losses }: Pick<PreviewAnswer, 'address' | 'losses'>) {
  const left = addressLeft(address);
  return [...(left ? [left] : []), ...losses.map(lossOf)];
}

function send(ctx: SystemContext, { email, role }: ReportAnswer['mails'][number], reported: Reported): void {
  const { productName, publicUrl } = ctx.settings;
  const content = securedMail({
    role,
    productName,
    signInLink: `${publicUrl}/sign-in`,
    when: new Date().toISOString(),
    undone: reported.undone.map(({ title }) => title),
    notUndone: reported.notUndone.map(({ title }) => title),
  });
  ctx.later(ctx.mailer().send({ to: email, ...content }));
}
