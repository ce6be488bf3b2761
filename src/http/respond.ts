import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import { TRPCError } from '@trpc/server';
import { type AppError, errors } from '../errors.ts';
import { errorData } from '../trpc.ts';

/** The HTTP status of a refusal: tRPC's own for its code, so that both interfaces agree. */
export function statusOf(refusal: AppError): ContentfulStatusCode {
  return getHTTPStatusCodeFromError(new TRPCError({ code: errors[refusal.code].trpc })) as ContentfulStatusCode;
}

/** The body of a refusal outside tRPC: `{error: {code, message, request_id, …}}`, snake_case as all of REST. */
export function refusalBody(refusal: AppError, requestId: string) {
  const { appCode, retryAfter, attemptsLeft, fields } = errorData(refusal, requestId);
  return {
    error: {
      code: appCode,
      message: refusal.message,
      request_id: requestId,
      retry_after: retryAfter,
      attempts_left: attemptsLeft,
      fields,
    },
  };
}
