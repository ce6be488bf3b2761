import * as oauth from 'oauth4webapi';
import { AppError } from '../errors.ts';
import { SettingError } from '../lib/keys.ts';

/**
 * Runs a step of the flow, and makes each of its failures one of the `provider.…` errors. None carries a text of the
 * provider or a token: the library's own errors hold whole answers, so only what kind they are goes on, as `cause`.
 */
export async function refusing<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    // A bad setting is our own fault and not to be told as the provider's.
    if (error instanceof AppError || error instanceof SettingError) throw error;
    throw refusalFor(error);
  }
}

function refusalFor(error: unknown): AppError {
  if (error instanceof oauth.ResponseBodyError) return new AppError('provider.refused', { cause: nameOf(error.error) });
  if (error instanceof oauth.WWWAuthenticateChallengeError)
    return new AppError('provider.refused', { cause: error.code });
  const { name, code, cause } = error as { name?: unknown; code?: unknown; cause?: { claim?: unknown } };
  if (code === oauth.JWT_CLAIM_COMPARISON && cause?.claim === 'iss') {
    return new AppError('provider.issuer_mismatch', { cause: code });
  }
  const why = cause?.claim === undefined ? (code ?? name) : `${String(code)} (${String(cause.claim)})`;
  return new AppError('provider.answer_invalid', { cause: why });
}

/** An OAuth error code is one word (RFC 6749 §5.2); what is not is left out of the logs. */
function nameOf(code: string): string {
  return /^[a-z_]{1,40}$/.test(code) ? code : 'not an OAuth error code';
}
