import { TRPCClientError } from '@trpc/client';
import type { ErrorCode } from './app-router.ts';

/** A refusal of the deployment. */
export interface GatehouseError {
  /** Stable: decide by this. */
  readonly code: ErrorCode;
  /** For people; may change. */
  readonly message: string;
  /** To ask the deployment's operators about. */
  readonly requestId: string;
  /** Seconds after which the call can succeed. */
  readonly retryAfter: number | null;
  /** Tries left, for codes. */
  readonly attemptsLeft: number | null;
  /** For `input.invalid`: which field, and why. */
  readonly fields: readonly { readonly path: string; readonly message: string }[];
}

/**
 * The refusal in a call's error, or null when it is something else: the network, an abort, a bug. Refusals come from
 * the procedure, or, before any procedure is reached, as plain JSON (a rate limit, a malformed credential).
 */
export function gatehouseError(error: unknown): GatehouseError | null {
  if (!(error instanceof TRPCClientError)) return null;
  const data = asRecord(error.data);
  if (typeof data.appCode === 'string') return fromParts({ ...data, code: data.appCode, message: error.message });
  const body = asRecord(asRecord(error.meta?.responseJSON).error);
  if (typeof body.code !== 'string') return null;
  const { request_id: requestId, retry_after: retryAfter, attempts_left: attemptsLeft } = body;
  return fromParts({ ...body, requestId, retryAfter, attemptsLeft });
}

function fromParts({
  code,
  message,
  requestId,
  retryAfter,
  attemptsLeft,
  fields,
}: Record<string, unknown>): GatehouseError {
  return {
    code: code as ErrorCode,
    message: typeof message === 'string' ? message : '',
    requestId: typeof requestId === 'string' ? requestId : '',
    retryAfter: typeof retryAfter === 'number' ? retryAfter : null,
    attemptsLeft: typeof attemptsLeft === 'number' ? attemptsLeft : null,
    fields: Array.isArray(fields) ? (fields as GatehouseError['fields']) : [],
  };
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
