/** What a connector says about grants: how one is asked for, kept alive and ended. `grant: null` is sign-in alone. */
import type { FailureClass } from './outcome-types.ts';
import type { Claims } from './types.ts';

/** Values for the places of a connector's addresses, such as `{ shop: 'x.myshopify.com' }`. Checked: `parameters.ts`. */
export type Parameters = Readonly<Record<string, string>>;

/** Facts of the provider only, each from its documentation. */
export interface GrantRules {
  /** Asked for, whatever else is asked for: what it takes to know the account, and to keep the grant. */
  readonly scopes: readonly string[];
  /** Parameters of the authorisation request that make it one for offline access. */
  readonly authorizationParams?: Readonly<Record<string, string>>;
  /** What the addresses have places for; `{shop}` in an address is the value of `shop`. */
  readonly parameters?: Readonly<Record<string, ParameterRule>>;
  /** How the provider signs what the browser brings back, where it does. */
  readonly callbackSignature?: CallbackSignature;
  /** Parameters of the code's redemption, beyond the standard ones. */
  readonly tokenParams?: Readonly<Record<string, string>>;
  /**
   * Which scopes a granted one stands for as well: its other names, and what it includes. Without it a grant that has
   * them would look as if it lacked them.
   */
  readonly impliedScopes?: (granted: string) => readonly string[];
  readonly refresh: RefreshRules;
  readonly expiry: ExpiryRules;
  /** Null: the provider has no way to end a grant. */
  readonly revocation: RevocationRules | null;
  /** What is kept about the account beside its identity, from the claims that the identity was read from. */
  readonly metadata: (claims: Claims, parameters: Parameters) => Claims;
}

export interface ParameterRule {
  /** What a value must be, from its first character to its last. */
  readonly pattern: RegExp;
  /** The value as people know it, for messages. */
  readonly example: string;
}

/**
 * HMAC-SHA-256 under the client secret, in hex, over the callback's other parameters: sorted by name, `name=value`
 * joined by `&`.
 */
export interface CallbackSignature {
  /** The parameter that holds it. */
  readonly parameter: string;
  /** Parameters of the flow that the provider repeats in the callback: each must be the one it was begun with. */
  readonly repeats: readonly string[];
}

/** How a provider's token answers differ from RFC 6749 §5. Paths are names joined by dots. */
export interface AnswerRules {
  /** True in an answer that holds; the provider says no with status 200. */
  readonly okPath?: string;
  /** Where the error code is; `error` unless given. */
  readonly errorPath?: string;
  /** The object that holds the tokens; the whole answer unless given. */
  readonly tokenPath?: string;
  /** What a missing `token_type` means. */
  readonly defaultTokenType?: string;
  /** Other words for Bearer, in lower case. */
  readonly bearerWords?: readonly string[];
  /** What errors mean that are not OAuth's (RFC 6749 §5.2), or that the provider means otherwise. */
  readonly errors?: Readonly<Record<string, FailureClass>>;
}

export interface RefreshRules {
  /** Where tokens are refreshed, if not at the token endpoint. */
  readonly endpoint?: string;
  /** Each refresh brings a new refresh token. */
  readonly rotates: boolean;
  /**
   * What comes of a refresh token used again. `allowed`: it works on. `tolerated`: it works until its successor was
   * used, so an answer that was lost can be asked for again. `revokes`: it is dead, and the grant may die of it.
   */
  readonly reuse: 'allowed' | 'tolerated' | 'revokes';
  /** How long a refresh token lives that nobody uses, in seconds; null where no use is needed. */
  readonly idleSeconds: number | null;
}

export interface ExpiryRules {
  /** Seconds an access token lives whose answer does not say; null: without a refresh token it does not expire. */
  readonly fallbackSeconds: number | null;
  /** Where an answer says how many seconds the refresh token lives; a path. */
  readonly refreshExpiresInPath?: string;
  /** Seconds from consent to the end of every refresh token of the grant, which no refresh puts off. */
  readonly consentSeconds?: number;
}

/**
 * How a grant is ended. `rfc7009`: a form with `token`. `bearer`: a request authorised by the token itself.
 * `github`: DELETE with the client's own credentials, the token in JSON.
 */
export interface RevocationRules {
  readonly method: 'rfc7009' | 'bearer' | 'github';
  /** Null: from discovery, where the provider may have none. `{client_id}` is the client's. */
  readonly endpoint: string | null;
  /** Of the request, for `bearer`; POST unless given. */
  readonly verb?: 'POST' | 'DELETE';
  /** For `bearer`: the header with the bare token, where it is not `Authorization: Bearer`. */
  readonly tokenHeader?: string;
  /** Which token the provider takes; either one, where it says `refresh_token`. */
  readonly token: 'refresh_token' | 'access_token';
  /** `grant`: every token that this client has for the account ends with it, those of other connections too. */
  readonly reach: 'token' | 'grant';
  /** Statuses and error codes that say that the token was dead already. */
  readonly gone: readonly (number | string)[];
}
