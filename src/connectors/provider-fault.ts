import { AppError } from '../errors.ts';
import type { FailureClass, ProviderFailure } from './types.ts';

const MAX_WAIT_SECONDS = 86_400;

/**
 * A request that got no usable answer. As an `AppError` it says what a person at a sign-in is told; `failure` says what
 * it means for a grant. `cause` is a status or a short word of ours, never a provider's text.
 */
export class ProviderFault extends AppError {
  readonly failure: ProviderFailure;

  constructor(code: 'provider.unreachable' | 'provider.answer_invalid', cause: unknown, failure: ProviderFailure) {
    super(code, { cause });
    this.failure = failure;
  }
}

/** A failure without an answer to take status and waiting time from. */
export function failure(failureClass: FailureClass, code: string): ProviderFailure {
  return { class: failureClass, code, status: null, retryAfter: null };
}

/** The failure that an answer's status alone tells of. */
export function statusFailure(failureClass: FailureClass, { status, headers }: Response): ProviderFailure {
  return { class: failureClass, code: `http_${status}`, status, retryAfter: retryAfterOf(headers) };
}

/** Retry-After in both of its forms (RFC 9110 §10.2.3). @returns whole seconds from now, at most a day; null without */
export function retryAfterOf(headers: Headers): number | null {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,15}$/.test(value)) return Math.min(Number(value), MAX_WAIT_SECONDS);
  // All three forms of a date begin with the day's name; `Date.parse` alone would read much else as a date.
  const at = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) return null;
  return Math.min(Math.max(Math.ceil((at - Date.now()) / 1000), 0), MAX_WAIT_SECONDS);
}

/** A connection that was never made: Node's codes (libuv, undici, OpenSSL). Anything else may have been sent. */
const UNSENT =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|CERT_\w+|ERR_TLS_\w+|\w+_CERT(?:_\w+)?)$/;

/**
 * What a request that failed on the way means. workerd says the same words for a connection that was refused and one
 * that was lost, so there it is ambiguous: to take a lost answer for none would lose the token that it held.
 */
export function networkFault(error: unknown): ProviderFault {
  const { name, cause } = error instanceof Error ? error : { name: undefined, cause: undefined };
  const isLate = name === 'TimeoutError' || name === 'AbortError';
  const code = (cause as { code?: unknown } | undefined)?.code;
  const wasSent = isLate || typeof code !== 'string' || !UNSENT.test(code);
  const what = failure(wasSent ? 'ambiguous' : 'transient', isLate ? 'timeout' : 'network');
  return new ProviderFault('provider.unreachable', name, what);
}
