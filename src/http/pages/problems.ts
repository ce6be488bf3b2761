import { AppError, type ErrorCode } from '../../errors.ts';
import { inWords } from './words.ts';

/** The refusals that the way back from a provider may end in; of no other one an address may speak (CVE-2025-71404). */
const shown: ReadonlySet<string> = new Set<ErrorCode>([
  'oauth_state.invalid',
  'oauth_state.expired',
  'oauth_state.used',
  'oauth_state.other_browser',
  'provider.unknown',
  'provider.denied',
  'provider.refused',
  'provider.unreachable',
  'provider.issuer_mismatch',
  'provider.answer_invalid',
  'social_account.email_unverified',
  'social_account.proof_required',
  'social_account.linked_elsewhere',
  'connection.not_found',
  'connection.wrong_account',
  'connection.limit_reached',
  'integration.limit_reached',
  'service.not_found',
  'service.inactive',
  'integration.conflict',
  'connector.misconfigured',
  'organization.not_found',
  'organization.role_missing',
  'email.moved',
  'user.suspended',
  'sign_up.closed',
  'rate_limit.exceeded',
  'service.unavailable',
  'database.timeout',
  'credential.missing',
  'credential.invalid',
  'session.expired',
  'session.revoked',
  'step_up.required',
]);

/** The words of the error code that an address names; null for whatever else it holds. */
export function problemOf(code: string | undefined): string | null {
  return code !== undefined && shown.has(code) ? inWords(new AppError(code as ErrorCode)) : null;
}

/** The same of a way that was to connect an account: the words of some codes speak of signing in. */
export function connectProblemOf(code: string | undefined): string | null {
  const words = problemOf(code);
  return words === null ? null : (connectWords[code as ErrorCode] ?? words);
}

const connectWords: Partial<Record<ErrorCode, string>> = {
  'provider.denied': 'The provider says that you cancelled. Nothing has changed.',
  'provider.refused': 'The provider refused. Nothing has changed; start again.',
  'oauth_state.invalid': 'That was not begun here. Start again.',
  'oauth_state.used': 'That was finished already. If the account is not here, connect it again.',
  'oauth_state.other_browser': 'That was begun in another browser, or by somebody else. Start again.',
};
