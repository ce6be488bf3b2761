import { AppError } from '../errors.ts';
import { valueAt } from './claims.ts';
import { scopesIn } from './scopes.ts';
import { secondsOf } from './token-answer.ts';
import type { Claims, Connector, GrantRules, TokenSet } from './types.ts';

/** RFC 6749 appendix A.12 and A.17; nothing else can be sent in a header. */
const TOKEN = /^[\x20-\x7e]{1,8192}$/;
/** For a token that can be refreshed and does not say when: what most providers give. */
const ASSUMED_SECONDS = 3600;

/**
 * The tokens of an answer that the library has read.
 * @param moment `consent`: a code was redeemed; `refresh`: a refresh token was
 * @throws provider.answer_invalid when a token is none
 */
export function tokenSetOf(connector: Connector, answer: Claims, moment: 'consent' | 'refresh'): TokenSet {
  const { access_token: accessToken, refresh_token: refreshToken, token_type: type, scope } = answer;
  const rules = rulesOf(connector);
  if (!isToken(accessToken)) throw new AppError('provider.answer_invalid', { cause: 'access_token' });
  if (refreshToken !== undefined && !isToken(refreshToken)) {
    throw new AppError('provider.answer_invalid', { cause: 'refresh_token' });
  }
  // DPoP is the other type that the library knows; its tokens are bound to a key that nobody here has.
  if (String(type).toLowerCase() !== 'bearer') throw new AppError('provider.answer_invalid', { cause: 'token_type' });
  const isRefreshable = moment === 'refresh' || refreshToken !== undefined;
  return {
    accessToken,
    refreshToken: refreshToken ?? null,
    tokenType: 'Bearer',
    expiresIn: secondsOf(answer.expires_in) ?? rules.expiry.fallbackSeconds ?? (isRefreshable ? ASSUMED_SECONDS : null),
    refreshExpiresIn: isRefreshable ? refreshLifetime(rules, answer, moment) : null,
    scopes: typeof scope === 'string' ? grantedScopes(connector, scope, refreshToken !== undefined) : null,
  };
}

/** @throws provider.unknown for a connector that gives no grants */
export function rulesOf({ grant }: Connector): GrantRules {
  if (!grant) throw new AppError('provider.unknown');
  return grant;
}

function isToken(value: unknown): value is string {
  return typeof value === 'string' && TOKEN.test(value);
}

function refreshLifetime({ expiry }: GrantRules, answer: Claims, moment: 'consent' | 'refresh'): number | null {
  const { refreshExpiresInPath: path, consentSeconds } = expiry;
  const said = path === undefined ? null : secondsOf(valueAt(answer, path));
  return said ?? (moment === 'consent' ? (consentSeconds ?? null) : null);
}

/** Null for an empty text in a refresh: it says nothing of the grant. GitHub's apps have permissions and no scopes. */
function grantedScopes(connector: Connector, scope: string, hasRefreshToken: boolean): readonly string[] | null {
  const granted = scopesIn(connector, scope);
  return granted.length === 0 ? null : allNamesOf(connector, granted, hasRefreshToken);
}

/**
 * What was granted, under all of its names. `offline_access` is not always named in answers (Microsoft): whoever got a
 * refresh token has it (OpenID Connect Core §11).
 */
export function allNamesOf(
  connector: Connector,
  granted: readonly string[],
  hasRefreshToken: boolean,
): readonly string[] {
  const { impliedScopes, scopes } = rulesOf(connector);
  const offline = hasRefreshToken && scopes.includes('offline_access') ? ['offline_access'] : [];
  return [...new Set([...granted, ...granted.flatMap((scope) => impliedScopes?.(scope) ?? []), ...offline])];
}
