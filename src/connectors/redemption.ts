import { AppError } from '../errors.ts';
import { readApi, readTokenAnswer } from './api.ts';
import { readCallback } from './callback.ts';
import { readIdToken } from './id-token.ts';
import type { Answer } from './identity.ts';
import { checkCallbackIssuer, issuerOf } from './issuer.ts';
import { type FetchOptions, providerFetch } from './provider-fetch.ts';
import { serverOf } from './server.ts';
import { type Exchange, requestToken, type TokenRequest } from './token.ts';
import type { Callback, Connector, ConnectorClient } from './types.ts';

export interface RedemptionRequest extends TokenRequest, FetchOptions {
  /** What else must hold, before anything is sent. */
  readonly check?: () => Promise<void>;
}

/**
 * From what the browser brought to what the provider answered: the steps that a sign-in and a grant share.
 * @throws provider.…, and what `refusing` makes one of them
 */
export async function redeem(
  connector: Connector,
  client: ConnectorClient,
  request: RedemptionRequest,
): Promise<Answer> {
  const callback = readCallback(request.params);
  if (callback.state !== request.state) throw new AppError('provider.answer_invalid', { cause: 'state' });
  checkCallbackIssuer(connector, issuerOf(connector, client), callback);
  if (callback.refusal) throw new AppError(callback.refusal);
  await request.check?.();
  const fetch = providerFetch(connector, request);
  const exchange = { connector, client, fetch, server: await serverOf(connector, client, fetch) };
  return readAnswer(exchange, callback, request);
}

async function readAnswer(exchange: Exchange, callback: Callback, redemption: TokenRequest): Promise<Answer> {
  const { identity } = exchange.connector;
  const response = await requestToken(exchange, redemption);
  switch (identity.kind) {
    case 'id_token':
      return readIdToken(exchange, identity, { response, callback, redemption });
    case 'api':
      return readApi(exchange, identity, response);
    case 'token_answer':
      return readTokenAnswer(exchange, identity, response);
  }
}
