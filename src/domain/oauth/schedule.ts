/** When a connection is due: pure sums, in seconds. */
import type { GrantRules, TokenSet } from '../../connectors/types.ts';

const QUARTER_HOUR = 15 * 60;
const RETRY_BASE = 30;
const RETRY_MAX = 60 * 60;
/** Sooner than this, a provider's short token would be refreshed in every sweep. */
const SOONEST = 30;

/** Between 0.8 and 1.2: what came at once does not come back at once. */
export function jitter(random: () => number = Math.random): number {
  return 0.8 + 0.4 * random();
}

/**
 * How long until new tokens are due: before they run out, by 15 minutes or half of their life, whichever is less. One
 * that does not run out is refreshed for its refresh token's sake, at half of the time it may lie idle. Without a
 * refresh token the end itself is due: then somebody is told.
 * @returns seconds; null when nothing will ever be due
 */
export function nextRefreshIn(
  tokens: Pick<TokenSet, 'expiresIn'> & { readonly hasRefreshToken: boolean },
  rules: GrantRules,
  random?: () => number,
): number | null {
  const { expiresIn, hasRefreshToken } = tokens;
  if (!hasRefreshToken) return expiresIn;
  const idle = rules.refresh?.idleSeconds;
  const keepAlive = idle ? (idle / 2) * jitter(random) : null;
  if (expiresIn === null) return keepAlive;
  const ahead = Math.min(QUARTER_HOUR, expiresIn / 2) * jitter(random);
  return Math.max(SOONEST, Math.min(expiresIn - ahead, keepAlive ?? Infinity));
}

/**
 * How long until a grant is due that somebody else renewed until now: as above, and at once where its end is unknown or
 * past.
 * @param rules none: of a connector that is not known here
 * @returns seconds; null when it cannot be refreshed
 */
export function firstRefreshIn(
  grant: { readonly secondsLeft?: number | null; readonly hasRefreshToken?: boolean },
  rules: GrantRules | null | undefined,
): number | null {
  const { secondsLeft = null, hasRefreshToken } = grant;
  if (!rules || !hasRefreshToken) return null;
  if (secondsLeft === null || secondsLeft <= 0) return 0;
  return nextRefreshIn({ expiresIn: secondsLeft, hasRefreshToken }, rules);
}

/**
 * How long to wait after a failure that may pass: twice as long each time, at most an hour, never less than the
 * provider asked for (RFC 9110 §10.2.3).
 */
export function retryIn(failureCount: number, retryAfter: number | null, random?: () => number): number {
  const backoff = Math.min(RETRY_MAX, RETRY_BASE * 2 ** Math.min(failureCount, 10)) * jitter(random);
  return Math.max(backoff, retryAfter ?? 0);
}
