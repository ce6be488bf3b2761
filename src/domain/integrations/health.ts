import type { Health } from './views.ts';

/** What the health of a linked account is made of. */
export interface Condition {
  readonly isActive: boolean;
  readonly serviceType: string;
  readonly connectionStatus: 'active' | 'expired' | 'revoked' | 'error' | null;
  /** Whether the token has run out, or has no recorded end where it should have one. */
  readonly isExpired: boolean;
  /** Whether the vault will refresh it. */
  readonly isDue: boolean;
  /** Whether the last refresh did not work. */
  readonly isFailing: boolean;
  readonly missingScopes: readonly string[];
}

/**
 * How a linked account is, the first that holds:
 * `inactive` (disconnected) · `missing_token` (the service needs a grant and has none) · `expired`, `revoked`, `error`
 * (only a person can mend it) · `failing` (run out, and the provider gives no new one just now) · `refreshing` (run out,
 * and refreshed at its next use) · `missing_scopes` (works, for less than the service needs) · `works`.
 * Scopes come last: what only they lack is still of use.
 */
export function healthOf(condition: Condition): Health {
  const { connectionStatus: status, isExpired } = condition;
  if (!condition.isActive) return 'inactive';
  if (status === null) return condition.serviceType === 'messaging' ? 'works' : 'missing_token';
  if (status !== 'active') return status;
  if (isExpired && condition.isFailing) return 'failing';
  if (isExpired) return condition.isDue ? 'refreshing' : 'expired';
  return condition.missingScopes.length > 0 ? 'missing_scopes' : 'works';
}
