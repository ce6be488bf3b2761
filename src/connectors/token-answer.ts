import { asClaims, valueAt } from './claims.ts';
import type { Claims, Connector } from './types.ts';

/**
 * A token answer in the shape that the standard gives it (RFC 6749 §5), from the one that the provider gives it. One
 * that holds no object, such as a page, stays as it is: whoever reads it refuses it.
 */
export async function normaliseTokenAnswer(connector: Connector, response: Response): Promise<Response> {
  const body = await objectOf(response);
  if (!body) return response;
  const { status } = response;
  const error = errorIn(connector, status, body);
  // The challenge of a 401 is left out: the error code beside it says more.
  const headers = [...response.headers].filter(([name]) => name === 'retry-after');
  if (error !== null) return Response.json({ error }, { status: Math.max(status, 400), headers });
  if (status !== 200) return response;
  return Response.json(standardAnswer(connector, body), { headers });
}

/** The object in an answer, written as JSON or as a form (GitHub's way), which is left unread; null where it has none. */
export async function objectOf(response: Response): Promise<Claims | null> {
  const text = await response.clone().text();
  if (response.headers.get('content-type')?.startsWith('application/x-www-form-urlencoded')) {
    return Object.fromEntries(new URLSearchParams(text));
  }
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : null;
  } catch {
    return null;
  }
}

/** The error code in an answer, null where there is none. GitHub and Slack say no with status 200. */
export function errorIn({ answer = {} }: Connector, status: number, body: Claims): string | null {
  const error = valueAt(body, answer.errorPath ?? 'error');
  if (typeof error === 'string' && error !== '') return error;
  const isRefusal = status === 200 && answer.okPath !== undefined && valueAt(body, answer.okPath) !== true;
  return isRefusal ? 'unknown_error' : null;
}

function standardAnswer({ answer = {}, identity }: Connector, body: Claims): Claims {
  const all = { ...body, ...(answer.tokenPath === undefined ? {} : asClaims(valueAt(body, answer.tokenPath))) };
  // Null, or empty, is a provider's way to leave one out; the standard leaves it out.
  const given = Object.entries(all).filter(([, value]) => value !== null);
  const { expires_in: expiresIn, refresh_token: refreshToken, id_token: idToken, ...rest } = Object.fromEntries(given);
  const lifetime = secondsOf(expiresIn);
  return {
    ...rest,
    token_type: tokenTypeOf(answer, rest.token_type),
    ...(lifetime === null ? {} : { expires_in: lifetime }),
    ...(refreshToken === undefined || refreshToken === '' ? {} : { refresh_token: refreshToken }),
    // Nobody asked for one where the identity does not come from it, so nobody checks its nonce.
    ...(identity.kind === 'id_token' && idToken !== undefined ? { id_token: idToken } : {}),
  };
}

function tokenTypeOf({ defaultTokenType, bearerWords = [] }: NonNullable<Connector['answer']>, type: unknown): unknown {
  if (type === undefined) return defaultTokenType;
  return typeof type === 'string' && bearerWords.includes(type.toLowerCase()) ? 'Bearer' : type;
}

/** Ten years: nothing that is issued today is good for longer. */
const MAX_SECONDS = 315_360_000;

/** Whole seconds, from a number or its text, ten years at the most; null where it says nothing of use. */
export function secondsOf(value: unknown): number | null {
  const isText = typeof value === 'string' && /^\d{1,20}(?:\.\d{1,9})?$/.test(value);
  const seconds = Math.floor(isText || typeof value === 'number' ? Number(value) : Number.NaN);
  return seconds > 0 ? Math.min(seconds, MAX_SECONDS) : null;
}
