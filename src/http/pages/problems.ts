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
