import { AppError } from '../errors.ts';
import type { Callback } from './types.ts';

const STATE = /^[\w-]{22,128}$/;
const MAX_PARAMETERS = 32;
const MAX_LENGTH = 4096;

/** That the person said no: RFC 6749 §4.1.2.1, then Apple's word for it, then LinkedIn's. */
const DENIALS = new Set(['access_denied', 'user_cancelled_authorize', 'user_cancelled_login']);

/**
 * Reads what the browser brought from the provider, before anything is looked up for it. A parameter given twice is
 * refused (RFC 6749 §3.1): two readers could take two different ones. What the provider says in `error_description`
 * is not read, so no page can show it (CVE-2025-71404: an error text of the address came back as markup).
 * @throws provider.answer_invalid when it is no answer to any request of ours
 */
export function readCallback(params: URLSearchParams): Callback {
  const names = [...params.keys()];
  const isPlain = names.length <= MAX_PARAMETERS && new Set(names).size === names.length;
  const isShort = [...params.values()].every((value) => value.length <= MAX_LENGTH);
  const state = params.get('state') ?? '';
  const code = params.get('code');
  const error = params.get('error');
  const isOneAnswer = Boolean(code) !== Boolean(error);
  if (!isPlain || !isShort || !STATE.test(state) || !isOneAnswer) throw new AppError('provider.answer_invalid');
  return { state, code, issuer: params.get('iss'), refusal: refusalOf(error), user: params.get('user') };
}

function refusalOf(error: string | null): Callback['refusal'] {
  if (!error) return null;
  return DENIALS.has(error) ? 'provider.denied' : 'provider.refused';
}
