/** What comes of a call to a provider: a grant, new tokens, or a failure and what it means. */
import type { ProviderIdentity } from './types.ts';

/** Tokens as a provider gave them, checked. Lifetimes in whole seconds from now. */
export interface TokenSet {
  readonly accessToken: string;
  /** Null: none was given. A refresh that brings none leaves the old one good (RFC 6749 §6). */
  readonly refreshToken: string | null;
  readonly tokenType: string;
  /** Null: it does not expire, or nobody knows. */
  readonly expiresIn: number | null;
  /** Null: it does not expire, or nobody knows; of a refresh: what was known still holds. */
  readonly refreshExpiresIn: number | null;
  /** Null: unchanged, or as asked for. */
  readonly scopes: readonly string[] | null;
}

/** What a provider gave. */
export interface Grant {
  readonly identity: ProviderIdentity;
  /** The account's key in the vault: stable, at most 255 characters. */
  readonly accountId: string;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tokens: TokenSet;
  /** What was granted, under all of its names. */
  readonly scopes: readonly string[];
}

/**
 * What a failed call means for the grant.
 * `permanent`: it is dead. `configuration`: our client is refused, whatever the grant. `transient`: nothing happened,
 * try later. `ambiguous`: the provider may have done it, its answer never came or cannot be read.
 */
export type FailureClass = 'permanent' | 'configuration' | 'transient' | 'ambiguous';

/** Why a call failed. Holds no text of the provider's and no token. */
export interface ProviderFailure {
  readonly class: FailureClass;
  /** Such as `invalid_grant`, `http_503`, `timeout`, `network`, `not_json`; at most 64 characters. */
  readonly code: string;
  /** A refusal with status 200 counts as 400, as RFC 6749 §5.2 has it. */
  readonly status: number | null;
  /** Seconds that the provider asks us to wait, at most a day. */
  readonly retryAfter: number | null;
}

export type RefreshOutcome =
  | { readonly kind: 'refreshed'; readonly tokens: TokenSet }
  | { readonly kind: 'failed'; readonly failure: ProviderFailure };

export type RevocationOutcome =
  | { readonly kind: 'revoked' }
  | { readonly kind: 'unsupported' }
  | { readonly kind: 'failed'; readonly failure: ProviderFailure };
