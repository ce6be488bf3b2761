import type { GatedContext } from '../../context.ts';
import { firstValue, type PlainStatement } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { type AlertAnswer, announce, type PossibleAlert, possibleAlert } from './alerts.ts';
import { requestRecord } from './session.ts';

/** How a change of credentials enters the history (requirement 3 §1.2's `auth_method`); null for what is no sign-in. */
export type AuthMethod = 'magic_link' | 'oauth' | 'passkey' | 'mfa' | null;

/** A change of a person's credentials: the mail that it may raise, and what the database is told of it. */
export interface Change {
  readonly alert: PossibleAlert;
  readonly facts: Readonly<Record<string, unknown>>;
}

/**
 * Prepares a change. Its `eventId` becomes the id of its row in the history, by which the database knows the same change
 * when it is sent twice because an answer was lost.
 */
export async function newChange(ctx: GatedContext, authMethod: AuthMethod): Promise<Change> {
  const { operation } = ctx;
  const alert = await possibleAlert(operation);
  const facts = { ...requestRecord(ctx), authMethod, eventId: await operation.id('event.id'), alert: alert.row };
  return { alert, facts };
}

type Answer<Done extends string> = { readonly outcome: Done | ErrorCode; readonly alert?: AlertAnswer | null };

/**
 * Sends the one statement of a change, whose SQL function answers `{outcome, …}` in its first column, named `answer`.
 * `done` is the outcome that means it is done, `detail` what the mail to the owner says it is about.
 * @throws AppError the outcome, when it is another one
 */
export async function applyChange<T extends Answer<string>>(
  ctx: GatedContext,
  change: Change,
  step: { readonly statement: PlainStatement; readonly done: string; readonly detail?: (answer: T) => string | null },
): Promise<T> {
  const [rows] = await ctx.gate(() => [step.statement]);
  const answer = firstValue<T & { attemptsLeft?: number; message?: string }>(rows, 'answer');
  const isDone = answer.outcome === step.done;
  announce(ctx, change.alert, { due: answer.alert, detail: (isDone && step.detail?.(answer)) || undefined });
  if (isDone) return answer;
  const code = answer.outcome as ErrorCode;
  ctx.log({ event: 'change.refused', code });
  const { attemptsLeft, message } = answer;
  throw new AppError(code, { attemptsLeft: attemptsLeft ?? undefined, message });
}
