import * as oauth from 'oauth4webapi';
import { AppError } from '../errors.ts';
import type { Answer } from './identity.ts';
import type { ProviderFetch } from './provider-fetch.ts';
import type { Exchange } from './token.ts';
import type { ApiSource, Claims, TokenAnswerSource } from './types.ts';

/**
 * Reads the identity from the provider's API, with the access token in the token endpoint's answer.
 * @throws provider.answer_invalid when the API answers anything but 200 and JSON
 */
export async function readApi(exchange: Exchange, source: ApiSource, response: Response): Promise<Answer> {
  const { client, server } = exchange;
  const token = await oauth.processAuthorizationCodeResponse(server, { client_id: client.clientId }, response);
  const claims = await askApi(exchange.fetch, source, token.access_token);
  return { issuer: server.issuer, claimed: source.read(claims), claims, token };
}

/** Reads the identity from the token endpoint's answer itself. */
export async function readTokenAnswer(
  { client, server }: Exchange,
  source: TokenAnswerSource,
  response: Response,
): Promise<Answer> {
  const token = await oauth.processAuthorizationCodeResponse(server, { client_id: client.clientId }, response);
  const claims = { ...token };
  return { issuer: server.issuer, claimed: source.read(claims), claims, token };
}

/**
 * What the API says of whoever the token is of, under the names of `source.urls`.
 * @throws provider.answer_invalid with the status as its cause, when the API answers anything but 200 and JSON
 */
export async function askApi(fetch: ProviderFetch, source: ApiSource, accessToken: string): Promise<Claims> {
  const headers = { ...source.headers, ...tokenHeader(accessToken, source.tokenHeader) };
  const asked = Object.entries(source.urls).map(async ([name, url]) => {
    const body = source.bodies?.[name];
    const response = await fetch(url, body ? jsonRequest('POST', headers, body) : { headers });
    if (response.status !== 200) throw new AppError('provider.answer_invalid', { cause: response.status });
    return [name, await response.json()] as const;
  });
  return Object.fromEntries(await Promise.all(asked));
}

/** The header that an API knows us by; `name` where it has its own, with the bare token. */
export function tokenHeader(token: string, name?: string): Readonly<Record<string, string>> {
  return name === undefined ? { authorization: `Bearer ${token}` } : { [name]: token };
}

export function jsonRequest(method: string, headers: Readonly<Record<string, string>>, body: Claims): RequestInit {
  return { method, headers: { ...headers, 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
