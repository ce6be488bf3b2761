import * as oauth from 'oauth4webapi';
import { AppError } from '../errors.ts';
import type { Answer } from './identity.ts';
import type { Exchange } from './token.ts';
import type { ApiSource, Claims } from './types.ts';

/**
 * Reads the identity from the provider's API, with the access token in the token endpoint's answer.
 * @throws provider.answer_invalid when the API answers anything but 200 and JSON
 */
export async function readApi(exchange: Exchange, source: ApiSource, response: Response): Promise<Answer> {
  const { client, server } = exchange;
  const token = await oauth.processAuthorizationCodeResponse(server, { client_id: client.clientId }, response);
  const answers = await ask(exchange, source, token.access_token);
  return { issuer: server.issuer, claimed: source.read(answers), grantedScope: token.scope };
}

async function ask({ fetch }: Exchange, source: ApiSource, accessToken: string): Promise<Claims> {
  const headers = { ...source.headers, authorization: `Bearer ${accessToken}` };
  const asked = Object.entries(source.urls).map(async ([name, url]) => {
    const response = await fetch(url, { headers });
    if (response.status !== 200) throw new AppError('provider.answer_invalid', { cause: response.status });
    return [name, await response.json()] as const;
  });
  return Object.fromEntries(await Promise.all(asked));
}
