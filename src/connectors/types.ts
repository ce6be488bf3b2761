/** What a connector is: a provider as data. The flow (`flow.ts`) is written once and reads these. */
import type { AnswerRules, GrantRules } from './grant-types.ts';
import type { ConnectorName } from './names.ts';

export type * from './grant-types.ts';
export type * from './outcome-types.ts';

/** What a provider knows this deployment by; from the settings. */
export interface ConnectorClient {
  readonly clientId: string;
  readonly clientSecret: string;
  /** What this deployment needs of a connected account, beyond what the connector asks for by itself. */
  readonly scopes?: readonly string[];
  /** Where the provider is, for a connector whose literal names no issuer. */
  readonly issuer?: string;
}

/** An OAuth provider. Facts of the provider only: nothing of this deployment, and no step of the flow. */
export interface Connector {
  readonly name: ConnectorName;
  /** What people call it. */
  readonly title: string;
  /**
   * The provider's issuer identifier (RFC 8414 §2), exactly as it writes it. With the subject it is the key of an
   * account, so it never changes. `{tenantid}` stands for the ID token's `tid`, a UUID. Null: `client.issuer`.
   */
  readonly issuer: string | null;
  /** Null: read from OpenID discovery at the issuer. */
  readonly endpoints: Endpoints | null;
  /** The provider announces `iss` in its authorisation responses, so one without it is refused (RFC 9207 §2.4). */
  readonly announcesIssuer: boolean;
  /** May be on http, at loopback alone; the settings take it with ENVIRONMENT=development only. */
  readonly isForDevelopment: boolean;
  readonly clientAuthentication: ClientAuthentication;
  /** How the body of a token request is written: as a form, unless the provider wants JSON. */
  readonly tokenEncoding?: 'json';
  /** What sign-in asks for. */
  readonly scopes: readonly string[];
  /** Between the scopes of a request; a space (RFC 6749 §3.3), unless the provider has its own way. */
  readonly scopeSeparator?: string;
  /** Between the scopes of a token answer. A space (RFC 6749 §3.3), unless the provider has its own way. */
  readonly grantedScopeSeparator?: string | RegExp;
  /** How the browser brings the answer: in the address, or as a form that it posts across sites. */
  readonly responseMode: 'query' | 'form_post';
  /** The provider refuses a request with PKCE. Never for a connector that signs in: RFC 9700 §2.1.1. */
  readonly refusesPkce?: true;
  /** Parameters of the authorisation request beyond the standard ones. */
  readonly authorizationParams?: Readonly<Record<string, string>>;
  /** The parameter that suggests an account to the provider; null where it has none. */
  readonly loginHintParam: 'login_hint' | 'login' | null;
  /** The values of `prompt` that the provider knows; others are not sent. */
  readonly prompts: readonly Prompt[];
  /** Where the provider says who somebody is. */
  readonly identity: IdTokenSource | ApiSource | TokenAnswerSource;
  /** How its token answers differ from the standard's, where they do. */
  readonly answer?: AnswerRules;
  /** How it gives access to what people have there; null where it only says who they are. */
  readonly grant: GrantRules | null;
}

export interface Endpoints {
  readonly authorization: string;
  readonly token: string;
  /** The key set that ID tokens are signed with. */
  readonly jwks?: string;
}

/**
 * How the token endpoint knows us. `signed_client_secret`: the secret is itself a JWT that we sign for each call; the
 * setting is then `<team id>:<key id>:<base64 of the PKCS#8 key>`.
 */
export type ClientAuthentication = 'client_secret_basic' | 'client_secret_post' | 'signed_client_secret';

export type Prompt = 'login' | 'consent' | 'select_account';

/** JWS algorithms an ID token may be signed with. No symmetric one: our secret is known to more than the provider. */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA' | 'Ed25519';

/** An OpenID provider: the ID token says it. */
export interface IdTokenSource {
  readonly kind: 'id_token';
  readonly algorithms: readonly SigningAlgorithm[];
  readonly read: (claims: Claims, callback: Callback) => ClaimedIdentity;
  /**
   * Where an access token alone says it, with the same subject (OpenID Connect Core §5.3). Null: from discovery. Absent:
   * nowhere.
   */
  readonly userInfo?: string | null;
}

/** An OAuth provider without OpenID: its API says it, asked with the access token. */
export interface ApiSource {
  readonly kind: 'api';
  readonly headers: Readonly<Record<string, string>>;
  /** The header with the bare token, where it is not `Authorization: Bearer`. */
  readonly tokenHeader?: string;
  /** Read at once, each by GET; `read` gets the parsed JSON under the same names. */
  readonly urls: Readonly<Record<string, string>>;
  /** JSON to send by POST instead, under the names of `urls`. */
  readonly bodies?: Readonly<Record<string, Claims>>;
  readonly read: (answers: Claims) => ClaimedIdentity;
}

/** A provider whose token answer itself says it. The token endpoint is pinned and on TLS, so nobody else wrote that. */
export interface TokenAnswerSource {
  readonly kind: 'token_answer';
  readonly read: (answer: Claims) => ClaimedIdentity;
}

/** Parsed JSON of a provider, of which nothing is known yet. */
export type Claims = Readonly<Record<string, unknown>>;

/** What a provider says about somebody. `identity.ts` checks it. */
export interface ClaimedIdentity {
  readonly subject: unknown;
  readonly email: unknown;
  /** Whether the provider is an authority for the address, by its own rule. */
  readonly isEmailVerified: boolean;
  readonly name: unknown;
  readonly avatarUrl: unknown;
}

/** The answer that the browser brought from the provider, in form; nothing in it is believed yet. */
export interface Callback {
  readonly state: string;
  readonly code: string | null;
  /** The `iss` parameter (RFC 9207). */
  readonly issuer: string | null;
  /** Set when the provider said no. */
  readonly refusal: 'provider.denied' | 'provider.refused' | null;
  /** Apple's JSON about the user, which any browser can write. */
  readonly user: string | null;
}

/** Who somebody is at a provider, checked. Known by (issuer, subject), never by address. */
export interface ProviderIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly email: string | null;
  readonly isEmailVerified: boolean;
  readonly name: string | null;
  /** https only. */
  readonly avatarUrl: string | null;
  /** What was granted. */
  readonly scopes: readonly string[];
}
