/** What a provider finds wrong with a request, by the standards and its documentation. */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Connector, ConnectorClient } from '../../../../src/connectors/types.ts';
import { verifyEs256 } from './jwt.ts';

export const CLIENT_ID = 'client-4711';

export interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  /** A form's, or the texts of a JSON object. */
  readonly body: URLSearchParams;
}

export interface Expected {
  readonly client: ConnectorClient;
  readonly authorized: URLSearchParams;
  readonly secretKeys: CryptoKeyPair;
}

/** What a token endpoint finds wrong with a request (RFC 6749 §4.1.3, RFC 7636 §4.6), or null. */
export async function problemOf(connector: Connector, request: Request, expected: Expected): Promise<string | null> {
  const { body, headers, method } = request;
  if (method !== 'POST' || body.get('grant_type') !== 'authorization_code') return 'not a code grant';
  if (headers.accept !== 'application/json') return 'asks for no JSON';
  if (body.get('code') !== 'code-1') return 'the code is not known';
  if (body.get('redirect_uri') !== expected.authorized.get('redirect_uri')) return 'the redirect_uri is another';
  if (connector.refusesPkce && body.has('code_verifier')) return 'a code_verifier is not known';
  const challenge = createHash('sha256')
    .update(body.get('code_verifier') ?? '')
    .digest('base64url');
  if (!connector.refusesPkce && challenge !== expected.authorized.get('code_challenge')) {
    return 'the code_verifier is another';
  }
  const { tokenParams = {} } = connector.grant ?? {};
  if (Object.entries(tokenParams).some(([name, value]) => body.get(name) !== value)) return 'a parameter is missing';
  return problemOfClient(connector, request, expected);
}

export async function problemOfClient(connector: Connector, { body, headers }: Request, expected: Expected) {
  const { clientSecret: secret } = expected.client;
  if (connector.clientAuthentication === 'client_secret_basic') {
    const [scheme, encoded = ''] = (headers.authorization ?? '').split(' ');
    const [id, given] = Buffer.from(encoded, 'base64').toString().split(':').map(decodeURIComponent);
    return scheme === 'Basic' && id === CLIENT_ID && given === secret ? null : 'the client is not known';
  }
  if (body.get('client_id') !== CLIENT_ID) return 'the client is not known';
  const given = body.get('client_secret') ?? '';
  if (connector.clientAuthentication === 'client_secret_post') return given === secret ? null : 'a wrong secret';
  const { header, claims } = await verifyEs256(given, expected.secretKeys.publicKey);
  const now = Date.now() / 1000;
  const isRight =
    header.alg === 'ES256' &&
    header.kid === 'KEY1234567' &&
    claims.iss === 'TEAM123456' &&
    claims.sub === CLIENT_ID &&
    claims.aud === connector.issuer &&
    Number(claims.iat) <= now &&
    Number(claims.exp) > now &&
    Number(claims.exp) < now + 15_777_000;
  return isRight ? null : 'a wrong client secret';
}

/** What a revocation endpoint finds wrong with a request, or null. */
export async function problemOfRevocation(
  connector: Connector,
  request: Request,
  expected: Expected,
): Promise<string | null> {
  const { body, headers, method } = request;
  const rules = connector.grant?.revocation;
  if (rules?.method === 'rfc7009') {
    if (method !== 'POST' || !['refresh-1', 'access-1'].includes(body.get('token') ?? '')) return 'no token';
    return problemOfClient(connector, request, expected);
  }
  if (rules?.method === 'github') {
    const basic = `Basic ${Buffer.from(`${CLIENT_ID}:${expected.client.clientSecret}`).toString('base64')}`;
    if (method !== 'DELETE' || headers.authorization !== basic) return 'not the client';
    return ['access-1', 'access-2'].includes(body.get('access_token') ?? '') ? null : 'no token';
  }
  if (method !== (rules?.verb ?? 'POST')) return 'another method';
  return ['access-1', 'access-2'].includes(bearerOf(request, rules?.tokenHeader)) ? null : 'no token';
}

export function bearerOf({ headers }: Request, name?: string): string {
  return String(name === undefined ? headers.authorization?.replace(/^Bearer /, '') : headers[name]);
}
