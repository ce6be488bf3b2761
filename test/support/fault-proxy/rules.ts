/** What goes wrong, and for whom. */

/**
 * One fault. Those that make up an answer do not ask the provider, unless `isCommitted` says that it had done its work
 * before: then a refresh token that was brought is spent, and what came for it is lost.
 */
export type Fault =
  | { readonly kind: 'pass' }
  /** Waits before the provider is asked (`request`: it never is, if the client gives up), or after (`answer`, usual). */
  | { readonly kind: 'delay'; readonly ms: number; readonly where?: 'request' | 'answer' }
  | (MadeUp & { readonly kind: 'status'; readonly status: number })
  /** A page of a firewall. */
  | (MadeUp & { readonly kind: 'html'; readonly status: number })
  /** 429. `retryAfter`: seconds or an HTTP date (RFC 9110 §10.2.3), as the header says it. */
  | (MadeUp & { readonly kind: 'too_many'; readonly retryAfter?: string })
  /** An OAuth error (RFC 6749 §5.2); with status 200 as GitHub's and Slack's come. */
  | (MadeUp & { readonly kind: 'oauth_error'; readonly status: number; readonly error: string })
  | (MadeUp & { readonly kind: 'not_json' })
  /** A body that goes on until the client has enough of it. */
  | (MadeUp & { readonly kind: 'endless' })
  /** The provider's own answer, form-encoded. */
  | { readonly kind: 'form' }
  /** The provider's own JSON answer with other members; null takes one away. */
  | { readonly kind: 'reshape'; readonly members: Readonly<Record<string, unknown>> }
  /** The provider did its work; then the connection breaks. */
  | { readonly kind: 'drop_after_commit' }
  /** The connection breaks, and the provider hears of nothing. */
  | { readonly kind: 'refuse' };

interface MadeUp {
  readonly isCommitted?: boolean;
}

export type Endpoint = 'token' | 'revocation';

/** Which requests. Nothing given: all of the token endpoint. */
export interface Match {
  readonly endpoint?: Endpoint;
  /** Of the person whose refresh token, code or token it is. It stays the same while refresh tokens change. */
  readonly subject?: string;
}

export interface Rule {
  readonly fault: Fault;
  /** For how many requests; until it is removed, unless given. */
  readonly times?: number;
  readonly when?: Match & {
    readonly refreshToken?: string;
    readonly clientId?: string;
    readonly grantType?: 'authorization_code' | 'refresh_token';
  };
}

/** What arrived. */
export interface Counts {
  readonly arrived: number;
  /** How many of them the provider heard of. */
  readonly forwarded: number;
  /** How many were under way at the same time, at most. */
  readonly mostAtOnce: number;
  /** How many met each kind of fault; `pass` also where there was no rule. */
  readonly faults: Readonly<Record<string, number>>;
}

/** A request as the rules see it. */
export interface Call {
  readonly endpoint: Endpoint;
  readonly subject: string | null;
  readonly clientId: string | null;
  readonly form: URLSearchParams;
}

/** Whether a rule is for this request. */
export function isFor({ when = {} }: Rule, { endpoint, subject, clientId, form }: Call): boolean {
  const wanted: readonly (readonly [string | undefined, string | null])[] = [
    [when.endpoint ?? 'token', endpoint],
    [when.subject, subject],
    [when.clientId, clientId],
    [when.grantType, form.get('grant_type')],
    [when.refreshToken, form.get(endpoint === 'token' ? 'refresh_token' : 'token')],
  ];
  return wanted.every(([asked, given]) => asked === undefined || asked === given);
}
