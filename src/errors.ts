import type { TRPC_ERROR_CODE_KEY } from '@trpc/server/rpc';

/** One row of the error table: what tRPC calls it, what the caller reads, and the SQLSTATE a SQL function raises for it. */
interface ErrorEntry {
  readonly trpc: TRPC_ERROR_CODE_KEY;
  readonly message: string;
  readonly sqlstate?: `GH${string}`;
}

/**
 * The whole error vocabulary. A code is `noun.state` and is never renamed once released. The HTTP status is tRPC's own
 * for its code, so it cannot contradict. `docs/errors.md` is generated from this table.
 */
export const errors = {
  'credential.missing': {
    trpc: 'UNAUTHORIZED',
    message: 'Sign in, or send an API token as "Authorization: Bearer …".',
  },
  'credential.malformed': { trpc: 'UNAUTHORIZED', message: 'The credential is not of a form this service issues.' },
  'credential.invalid': { trpc: 'UNAUTHORIZED', message: 'The credential is not known.', sqlstate: 'GH001' },
  'session.expired': { trpc: 'UNAUTHORIZED', message: 'The session has expired. Sign in again.', sqlstate: 'GH002' },
  'session.revoked': { trpc: 'UNAUTHORIZED', message: 'The session was revoked. Sign in again.', sqlstate: 'GH003' },
  'token.expired': { trpc: 'UNAUTHORIZED', message: 'The API token has expired.', sqlstate: 'GH004' },
  'token.revoked': { trpc: 'UNAUTHORIZED', message: 'The API token was revoked.', sqlstate: 'GH005' },
  'user.suspended': { trpc: 'FORBIDDEN', message: 'The account is suspended.', sqlstate: 'GH006' },
  'token.frozen': {
    trpc: 'FORBIDDEN',
    message:
      'The token is frozen: whoever made it is no longer an administrator of the organisation, or is suspended. An administrator can make a new one.',
    sqlstate: 'GH026',
  },
  'scope.missing': { trpc: 'FORBIDDEN', message: 'The API token lacks the scope this call needs.', sqlstate: 'GH007' },
  'role.missing': { trpc: 'FORBIDDEN', message: 'This call needs a platform administrator.', sqlstate: 'GH008' },
  'organization.not_found': { trpc: 'NOT_FOUND', message: 'There is no such organisation for you.', sqlstate: 'GH009' },
  'organization.role_missing': {
    trpc: 'FORBIDDEN',
    message: 'Your role in the organisation does not allow this.',
    sqlstate: 'GH010',
  },
  'step_up.required': { trpc: 'FORBIDDEN', message: 'Confirm that it is you, then try again.', sqlstate: 'GH011' },
  'subject.missing': {
    trpc: 'FORBIDDEN',
    message: 'This call is about a user, and this credential belongs to none. Name the user.',
    sqlstate: 'GH012',
  },
  'subject.forbidden': { trpc: 'FORBIDDEN', message: 'You may not act for that user.', sqlstate: 'GH013' },
  'gate.misused': { trpc: 'INTERNAL_SERVER_ERROR', message: 'The call was refused.', sqlstate: 'GH014' },
  'session.not_found': { trpc: 'NOT_FOUND', message: 'There is no such session.' },
  'user.not_found': { trpc: 'NOT_FOUND', message: 'There is no such user.', sqlstate: 'GH015' },
  'magic_link.invalid': { trpc: 'BAD_REQUEST', message: 'The link is not valid. Ask for a new one.' },
  'magic_link.expired': { trpc: 'BAD_REQUEST', message: 'The link has expired. Ask for a new one.' },
  'magic_link.used': { trpc: 'CONFLICT', message: 'The link was already used. Ask for a new one.' },
  'magic_link.other_browser': {
    trpc: 'FORBIDDEN',
    message: 'Open the link in the browser that asked for it, or type the code from the mail there.',
  },
  'code.invalid': { trpc: 'BAD_REQUEST', message: 'The code is not right. Look at the newest mail.' },
  'code.exhausted': { trpc: 'BAD_REQUEST', message: 'Too many wrong codes. Ask for a new mail.' },
  'code.link_required': {
    trpc: 'CONFLICT',
    message: 'A code is not accepted just now. Open the link of the mail instead.',
  },
  'passkey.malformed': { trpc: 'BAD_REQUEST', message: 'The passkey response could not be read.' },
  'passkey.challenge_invalid': {
    trpc: 'BAD_REQUEST',
    message: 'The passkey response answers no challenge of this ceremony. Start again.',
  },
  'passkey.challenge_expired': { trpc: 'BAD_REQUEST', message: 'That took too long. Start again.' },
  'passkey.challenge_used': { trpc: 'CONFLICT', message: 'The challenge was already used. Start again.' },
  'passkey.type_mismatch': { trpc: 'BAD_REQUEST', message: 'The passkey response is of another ceremony.' },
  'passkey.origin_mismatch': { trpc: 'FORBIDDEN', message: 'The passkey was used on another origin.' },
  'passkey.rp_mismatch': { trpc: 'FORBIDDEN', message: 'The passkey belongs to another site.' },
  'passkey.user_not_present': { trpc: 'FORBIDDEN', message: 'The passkey did not see anybody.' },
  'passkey.user_not_verified': {
    trpc: 'FORBIDDEN',
    message: 'The passkey did not check who you are: use its PIN, fingerprint or face.',
  },
  'passkey.signature_invalid': { trpc: 'FORBIDDEN', message: 'The signature of the passkey is not right.' },
  'passkey.attestation_invalid': { trpc: 'BAD_REQUEST', message: 'The new passkey does not vouch for itself.' },
  'passkey.algorithm_unsupported': { trpc: 'BAD_REQUEST', message: 'The passkey uses an algorithm not asked for.' },
  'passkey.unknown': { trpc: 'FORBIDDEN', message: 'That passkey is not registered here.' },
  'passkey.user_mismatch': { trpc: 'FORBIDDEN', message: 'That passkey belongs to another account.' },
  'passkey.counter_regressed': {
    trpc: 'FORBIDDEN',
    message: 'The counter of the passkey went back, as a copy of it would. It was refused.',
  },
  'passkey.exists': { trpc: 'CONFLICT', message: 'That passkey is registered already.' },
  'passkey.limit_reached': { trpc: 'CONFLICT', message: 'There are ten passkeys already. Remove one first.' },
  'passkey.not_found': { trpc: 'NOT_FOUND', message: 'There is no such passkey.' },
  'credential.last': {
    trpc: 'CONFLICT',
    message: 'This is the last way into the account. Add another before you remove it.',
  },
  'provider.unknown': { trpc: 'NOT_FOUND', message: 'There is no such provider here.' },
  'provider.denied': { trpc: 'FORBIDDEN', message: 'The provider says that the sign-in was cancelled.' },
  'provider.refused': { trpc: 'BAD_REQUEST', message: 'The provider refused the sign-in. Start again.' },
  'provider.unreachable': { trpc: 'SERVICE_UNAVAILABLE', message: 'The provider does not answer. Try again later.' },
  'provider.issuer_mismatch': { trpc: 'FORBIDDEN', message: 'The answer comes from another provider than was asked.' },
  'provider.answer_invalid': { trpc: 'FORBIDDEN', message: 'The answer of the provider does not hold. Start again.' },
  'oauth_state.invalid': { trpc: 'BAD_REQUEST', message: 'That sign-in was not begun here. Start again.' },
  'oauth_state.expired': { trpc: 'BAD_REQUEST', message: 'That took too long. Start again.' },
  'oauth_state.used': { trpc: 'CONFLICT', message: 'That sign-in was already finished. Start again.' },
  'oauth_state.other_browser': { trpc: 'FORBIDDEN', message: 'That sign-in was begun in another browser.' },
  'social_account.email_unverified': {
    trpc: 'FORBIDDEN',
    message: 'The provider does not vouch for your address. Sign in by mail first, then link it in your account.',
  },
  'social_account.proof_required': {
    trpc: 'FORBIDDEN',
    message: 'There is an account with that address. Sign in to it by mail first, then link the provider there.',
  },
  'social_account.linked_elsewhere': {
    trpc: 'CONFLICT',
    message: 'That account of the provider is linked to somebody else here.',
  },
  'social_account.not_found': { trpc: 'NOT_FOUND', message: 'There is no such linked account.' },
  'connection.not_found': { trpc: 'NOT_FOUND', message: 'There is no such connection.', sqlstate: 'GH022' },
  'service.not_found': { trpc: 'NOT_FOUND', message: 'There is no such service to link.', sqlstate: 'GH016' },
  'service.inactive': { trpc: 'CONFLICT', message: 'That service cannot be linked at present.', sqlstate: 'GH017' },
  'integration.not_found': { trpc: 'NOT_FOUND', sqlstate: 'GH030', message: 'There is no such integration.' },
  'integration.incomplete': {
    trpc: 'BAD_REQUEST',
    message: 'Something is missing that linking this service takes.',
    sqlstate: 'GH018',
  },
  'integration.sealed': {
    trpc: 'CONFLICT',
    message: 'Sealed values belong to the account they were sealed for. Link the other account instead.',
    sqlstate: 'GH020',
  },
  'integration.conflict': {
    trpc: 'CONFLICT',
    message: 'Another account of this service holds that grant.',
    sqlstate: 'GH021',
  },
  'connection.wrong_account': {
    trpc: 'CONFLICT',
    message: 'That is another account than the one connected here. Choose the same one, or connect it as a new one.',
  },
  'connection.limit_reached': {
    trpc: 'CONFLICT',
    message: 'There are 200 connections already. Remove one first.',
    sqlstate: 'GH027',
  },
  'integration.limit_reached': {
    trpc: 'CONFLICT',
    message: 'There are 1,000 linked accounts already, those that are not active too. Link one of them again.',
    sqlstate: 'GH028',
  },
  'integration.too_large': {
    trpc: 'PAYLOAD_TOO_LARGE',
    message: 'That is more than a linked account may hold.',
    sqlstate: 'GH029',
  },
  'connection.needs_reauthorization': {
    trpc: 'CONFLICT',
    message: 'The provider no longer takes this connection. Connect the account again.',
  },
  'connection.busy': { trpc: 'SERVICE_UNAVAILABLE', message: 'The token is being refreshed. Try again in a moment.' },
  'connection.failing': {
    trpc: 'SERVICE_UNAVAILABLE',
    message: 'The token has run out and the provider gives no new one just now. Try again later.',
  },
  'connection.client_refused': {
    trpc: 'CONFLICT',
    message:
      'The provider does not take the client that this grant was linked with. Link it again with the right client id and secret.',
  },
  'connector.misconfigured': {
    trpc: 'SERVICE_UNAVAILABLE',
    message: 'The provider does not take this deployment’s client. Its operator has to look.',
  },
  'seal.malformed': { trpc: 'CONFLICT', message: 'The stored token is not one this service sealed. Connect again.' },
  'seal.refused': {
    trpc: 'CONFLICT',
    message: 'The stored token was changed, or belongs elsewhere. Connect the account again.',
  },
  'seal.unknown_key': {
    trpc: 'SERVICE_UNAVAILABLE',
    message: 'The stored token is sealed under a key that this deployment does not have. Its operator has to look.',
  },
  'token.not_found': { trpc: 'NOT_FOUND', message: 'There is no such API token.' },
  'token.limit_reached': { trpc: 'CONFLICT', message: 'There are fifty API tokens already. Revoke one first.' },
  'email.taken': { trpc: 'CONFLICT', message: 'That address belongs to another account.' },
  'email.moved': {
    trpc: 'CONFLICT',
    message: 'The address of your account was changed. Look at the mail that we just sent you: it says how to undo it.',
  },
  'email.missing': { trpc: 'CONFLICT', message: 'The account has no verified address to write to.' },
  'alert.invalid': { trpc: 'BAD_REQUEST', message: 'The link is not valid, or too old.' },
  'sign_up.closed': { trpc: 'FORBIDDEN', message: 'New accounts are not open.' },
  'redirect.refused': {
    trpc: 'BAD_REQUEST',
    message: 'The redirect address must be a path here or on a trusted origin.',
  },
  'idempotency_key.reused': {
    trpc: 'CONFLICT',
    message: 'That Idempotency-Key was sent before with other input. Use a new key.',
    sqlstate: 'GH023',
  },
  'idempotency_key.expired': {
    trpc: 'CONFLICT',
    message: 'That Idempotency-Key was first used more than 24 hours ago. Use a new key.',
    sqlstate: 'GH024',
  },
  'idempotency_key.other_day': {
    trpc: 'CONFLICT',
    message: 'That Idempotency-Key was first used on another day. Send the call again.',
    sqlstate: 'GH025',
  },
  'idempotency_key.malformed': {
    trpc: 'BAD_REQUEST',
    message: 'Idempotency-Key must be 16 to 200 visible ASCII characters.',
  },
  'cursor.invalid': { trpc: 'BAD_REQUEST', message: 'The cursor is not one this list gave out.' },
  'input.invalid': { trpc: 'BAD_REQUEST', message: 'The input is not valid.' },
  'input.conflict': { trpc: 'CONFLICT', message: 'That already exists, or something still refers to it.' },
  'body.malformed': { trpc: 'BAD_REQUEST', message: 'The request could not be read: send well-formed JSON.' },
  'body.too_large': { trpc: 'PAYLOAD_TOO_LARGE', message: 'The request body is larger than 256 KiB.' },
  'content_type.unsupported': { trpc: 'UNSUPPORTED_MEDIA_TYPE', message: 'Send "Content-Type: application/json".' },
  'method.not_allowed': { trpc: 'METHOD_NOT_SUPPORTED', message: 'The address exists, but not with this method.' },
  'route.not_found': { trpc: 'NOT_FOUND', message: 'There is nothing at this address.' },
  'batch.too_large': { trpc: 'BAD_REQUEST', message: 'A batch may hold at most 10 queries, and no mutation.' },
  'host.untrusted': { trpc: 'FORBIDDEN', message: 'A development server answers at its own address alone.' },
  'origin.untrusted': {
    trpc: 'FORBIDDEN',
    message: 'This origin may not call with a cookie. The deployment lists those that may in TRUSTED_ORIGINS.',
  },
  'rate_limit.exceeded': { trpc: 'TOO_MANY_REQUESTS', message: 'Too many attempts. Try again later.' },
  'service.unavailable': { trpc: 'SERVICE_UNAVAILABLE', message: 'The service cannot answer just now. Try again.' },
  'database.timeout': { trpc: 'SERVICE_UNAVAILABLE', message: 'The database took too long. Try again.' },
  'internal.error': { trpc: 'INTERNAL_SERVER_ERROR', message: 'Something went wrong on our side.' },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof errors;

/** What an error may carry to the caller beside its code. Never personal data, never a secret. */
export interface ErrorDetails {
  /** Names what is wrong: a field, a limit. */
  readonly message?: string;
  /** Whole seconds after which the call can succeed; becomes `Retry-After`. */
  readonly retryAfter?: number;
  /** Tries that are left, for codes. */
  readonly attemptsLeft?: number;
  /** For logs only. */
  readonly cause?: unknown;
}

/** An expected refusal: its code is its type. Thrown by verbs, mapped once by `src/trpc.ts`. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, details: ErrorDetails = {}) {
    super(details.message ?? errors[code].message, { cause: details.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = details;
  }
}

const bySqlstate = new Map<string, ErrorCode>();
for (const [code, entry] of Object.entries(errors)) {
  if ('sqlstate' in entry) bySqlstate.set(entry.sqlstate, code as ErrorCode);
}

/** PostgreSQL's part of a driver error, whether bare (`NeonDbError`) or wrapped by Drizzle. */
export interface DatabaseError {
  readonly sqlstate: string;
  readonly message: string;
  readonly detail: string | undefined;
}

/** PostgreSQL's SQLSTATE, message and detail of a driver error; null when it is none. */
export function databaseError(error: unknown): DatabaseError | null {
  for (let at = error, depth = 0; at instanceof Error && depth < 4; at = at.cause, depth += 1) {
    const { code, detail } = at as Error & { code?: unknown; detail?: unknown };
    if (typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code)) {
      return { sqlstate: code, message: at.message, detail: typeof detail === 'string' ? detail : undefined };
    }
  }
  return null;
}

function sentenceOf({ message }: DatabaseError): { message?: string } {
  return message.includes(' ') ? { message: `${message}.`.replace(/\.\.$/, '.') } : {};
}

/**
 * The `AppError` a database refusal stands for: our own class GH by the table; 22 (data) and 23 (integrity) are the
 * caller's doing and never a 500; a cancelled or unreachable database is 503. Anything else is null: a bug of ours.
 */
export function fromDatabase(error: unknown): AppError | null {
  const found = databaseError(error);
  if (!found) return null;
  const own = bySqlstate.get(found.sqlstate);
  // Our functions that say which thing is wrong put the code into the detail, and a sentence for people first.
  if (own) return new AppError(own, { cause: error, ...(found.detail === own && sentenceOf(found)) });
  const group = found.sqlstate.slice(0, 2);
  if (group === '22' || found.sqlstate === '23514' || found.sqlstate === '23502') {
    return new AppError('input.invalid', { cause: error });
  }
  // 23001 is what a restricting foreign key raises from PostgreSQL 18 on, where 15 says 23503.
  if (group === '23') return new AppError('input.conflict', { cause: error });
  if (found.sqlstate === '57014' || found.sqlstate === '55P03')
    return new AppError('database.timeout', { cause: error });
  if (group === '53' || group === '57' || group === '08' || group === '40') {
    return new AppError('service.unavailable', { cause: error });
  }
  return null;
}
