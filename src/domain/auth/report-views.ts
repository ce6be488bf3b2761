import * as z from 'zod';
import { Uuid } from '../../lib/ids.ts';

const moment = z.iso.datetime();
const token = z.string().min(1).max(200);

/** What can be added to an account, and undone. */
export const ReportedKind = z.enum([
  'passkey',
  'social_account',
  'personal_token',
  'organization_token',
  'service_token',
  'connection',
  'integration',
  'email',
]);
export type ReportedKind = z.infer<typeof ReportedKind>;

/** One thing that was added to the account, or a change of its address. Never a secret; addresses are masked. */
export const ReportedItem = z.object({
  kind: ReportedKind,
  /** For `keep`. */
  id: Uuid,
  /** In words: its kind, and its name where it has one. */
  title: z.string(),
  createdAt: moment,
});
export type ReportedItem = z.infer<typeof ReportedItem>;

/** What a report does not undo. */
export const NotUndone = z.object({
  reason: z.enum([
    'kept',
    'passkey_removed',
    'account_unlinked',
    'token_revoked',
    'token_rotated',
    'connection_disconnected',
    'integration_unlinked',
    'service_token_used',
    'email_not_yours',
    'email_outranked',
    'email_taken',
    'email_final',
  ]),
  /** In words: what it is, and what to do about it. */
  title: z.string(),
});
export type NotUndone = z.infer<typeof NotUndone>;

export const PreviewNotMeInput = z.object({ token });

export const ReportPreview = z.object({
  /** Whether it was reported already, by this mail or by another one. */
  isSpent: z.boolean(),
  /** What a report undoes, beside ending every session; each may be kept. */
  items: z.array(ReportedItem),
  notUndone: z.array(NotUndone),
});
export type ReportPreview = z.infer<typeof ReportPreview>;

export const ReportNotMeInput = z.object({
  token,
  /** Ids of items of the preview that were the person's own. */
  keep: z.array(Uuid).max(2000).optional(),
});
export type ReportNotMeInput = z.infer<typeof ReportNotMeInput>;

export const Reported = z.object({
  /**
   * Whether nothing is left of what was added or taken away since, and of changes of the address. False too where another
   * mail was reported before. Values that were set in place (the profile, the label of an older link) are not looked for.
   */
  isComplete: z.boolean(),
  /** Whether it was reported before: nothing was done now. */
  isRepeated: z.boolean(),
  sessionsEnded: z.int(),
  undone: z.array(ReportedItem),
  notUndone: z.array(NotUndone),
});
export type Reported = z.infer<typeof Reported>;
