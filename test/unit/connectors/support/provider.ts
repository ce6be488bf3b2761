import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { authorizationUrl, redeemCallback } from '../../../../src/connectors/flow.ts';
import type { Claims, Connector, ConnectorClient, ProviderIdentity } from '../../../../src/connectors/types.ts';
import { generateSigningKeys, type SigningKeys, verifyEs256 } from './jwt.ts';
import { person, sampleOf, TENANT } from './samples.ts';

export const CLIENT_ID = 'client-4711';
export const REDIRECT_URI = 'https://account.example.com/oauth/callback/here';
export const STATE = 'state-0123456789012345678901234567890123456';
export const BROWSER_SECRET = 'browser-0123456789012345678901234567890123';

/** One answer instead of the documented one. `hang`: none at all; `reset`: the connection breaks. */
export type Answer =
  | 'hang'
  | 'reset'
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown };

type EndpointName = 'discovery' | 'token' | 'jwks' | `api.${string}`;

/** How a provider strays from its documentation, for one test. */
export interface Faults {
  readonly answers?: Partial<Record<EndpointName, Answer>>;
  /** Over the ID token's claims; undefined leaves one out. */
  readonly claims?: Claims;
  readonly header?: { readonly alg: string } & Claims;
  /** The ID token as a whole, from the one it would be. */
  readonly idToken?: (token: string) => unknown;
  /** Over the token answer. */
  readonly token?: Claims;
  /** Over what the browser brings back; undefined leaves one out. */
  readonly callback?: Readonly<Record<string, string | undefined>>;
}

/** Made once: an RSA key takes longer than the rest of a test. */
const sharedKeys = generateSigningKeys();

export interface Request {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: URLSearchParams;
}

export interface Provider {
  readonly connector: Connector;
  readonly client: ConnectorClient;
  readonly keys: SigningKeys;
  readonly issuer: string;
  /** What arrived since the last `signIn` began. */
  readonly requests: Request[];
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  /** The whole way: address, consent, callback, redemption. */
  readonly signIn: (
    faults?: Faults,
    change?: Partial<Parameters<typeof redeemCallback>[2]>,
  ) => Promise<ProviderIdentity>;
  /** The address, and what a person who says yes there brings back. */
  readonly authorize: (faults?: Faults) => Promise<{ url: URL; params: URLSearchParams }>;
  readonly close: () => Promise<void>;
}

/**
 * A connector's provider, on loopback: it holds requests to the documentation and answers in its shapes. The literal's
 * own addresses arrive here through `fetch`.
 */
export async function startProvider(connector: Connector): Promise<Provider> {
  const keys = await sharedKeys;
  const secretKeys = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const requests: Request[] = [];
  let faults: Faults = {};
  let authorized: URLSearchParams = new URLSearchParams();
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = connector.issuer?.replace('{tenantid}', TENANT) ?? origin;
  const client: ConnectorClient = {
    clientId: CLIENT_ID,
    clientSecret: await clientSecret(connector, secretKeys),
    issuer: connector.issuer === null ? origin : undefined,
  };
  const endpoints = connector.endpoints ?? {
    authorization: `${origin}/authorize`,
    token: `${origin}/token`,
    jwks: `${origin}/jwks`,
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = String(incoming.headers['x-original-url'] ?? `${origin}${incoming.url}`);
    const body = new URLSearchParams(Buffer.concat(chunks).toString());
    const request = { url, method: incoming.method ?? '', headers: incoming.headers, body };
    requests.push(request);
    const name = nameOf(url);
    const answer = faults.answers?.[name] ?? (await documented(name, request));
    if (answer === 'hang') return;
    if (answer === 'reset') return void incoming.socket.destroy();
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers }).end(text);
  };

  const nameOf = (url: string): EndpointName => {
    if (url === endpoints.token) return 'token';
    if (url === endpoints.jwks) return 'jwks';
    if (url === `${origin}/.well-known/openid-configuration`) return 'discovery';
    const urls = connector.identity.kind === 'api' ? Object.entries(connector.identity.urls) : [];
    return `api.${urls.find(([, candidate]) => candidate === url)?.[0] ?? 'unknown'}`;
  };

  const documented = async (name: EndpointName, request: Request): Promise<Answer> => {
    if (name === 'discovery') return { body: { ...metadata(endpoints), issuer } };
    if (name === 'jwks') return { body: keys.keySet };
    if (name === 'token') return token(request);
    if (request.headers.authorization !== 'Bearer access-1')
      return { status: 401, body: { message: 'Bad credentials' } };
    return { body: sampleOf(connector).api?.[name.slice('api.'.length)] };
  };

  const token = async (request: Request): Promise<Answer> => {
    const problem = await problemOf(connector, request, { client, authorized, secretKeys });
    // GitHub says so with status 200; the others with 400.
    const status = connector.identity.kind === 'api' ? 200 : 400;
    if (problem) return { status, body: { error: 'invalid_grant', error_description: problem } };
    const { scope } = sampleOf(connector);
    const own = { access_token: 'access-1', token_type: 'Bearer', expires_in: 3600, scope };
    return { body: { ...own, id_token: await idToken(), ...faults.token } };
  };

  const idToken = async (): Promise<unknown> => {
    if (connector.identity.kind === 'api') return undefined;
    const now = Math.floor(Date.now() / 1000);
    const standard = { iss: issuer, aud: CLIENT_ID, iat: now, exp: now + 600, nonce: authorized.get('nonce') };
    const claims = { ...standard, ...person, ...sampleOf(connector).claims, ...faults.claims };
    const made = await keys.sign(faults.header ?? { alg: connector.identity.algorithms[0] ?? '' }, claims);
    return faults.idToken ? faults.idToken(made) : made;
  };

  const send: Provider['fetch'] = (url, init) => {
    const headers = new Headers(init.headers);
    headers.set('x-original-url', url);
    return fetch(url.startsWith(origin) ? url : origin, { ...init, headers });
  };

  const authorize: Provider['authorize'] = async (wanted = {}) => {
    faults = wanted;
    requests.length = 0;
    const request = { state: STATE, browserSecret: BROWSER_SECRET, redirectUri: REDIRECT_URI, fetch: send };
    const url = new URL(await authorizationUrl(connector, client, request));
    authorized = url.searchParams;
    const iss = connector.announcesIssuer ? issuer : undefined;
    const brought = { code: 'code-1', state: STATE, iss, ...sampleOf(connector).callback, ...wanted.callback };
    const given = Object.entries(brought).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return { url, params: new URLSearchParams(given) };
  };

  const signIn: Provider['signIn'] = async (wanted, change) => {
    const { params } = await authorize(wanted);
    const request = { params, state: STATE, browserSecret: BROWSER_SECRET, redirectUri: REDIRECT_URI, fetch: send };
    return redeemCallback(connector, client, { ...request, ...change });
  };

  const close = () => new Promise<void>((done) => void (server.closeAllConnections(), server.close(() => done())));
  return { connector, client, keys, issuer, requests, fetch: send, signIn, authorize, close };
}

function metadata(endpoints: NonNullable<Connector['endpoints']>): Claims {
  return {
    authorization_endpoint: endpoints.authorization,
    token_endpoint: endpoints.token,
    jwks_uri: endpoints.jwks,
    // What a provider says that it can is not what we take: the literal says that.
    id_token_signing_alg_values_supported: ['RS256', 'HS256', 'none'],
  };
}

async function clientSecret({ clientAuthentication }: Connector, { privateKey }: CryptoKeyPair): Promise<string> {
  if (clientAuthentication !== 'signed_client_secret') return 'secret-1';
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', privateKey)).toString('base64');
  return `TEAM123456:KEY1234567:${key}`;
}

interface Expected {
  readonly client: ConnectorClient;
  readonly authorized: URLSearchParams;
  readonly secretKeys: CryptoKeyPair;
}

/** What a token endpoint finds wrong with a request (RFC 6749 §4.1.3, RFC 7636 §4.6), or null. */
async function problemOf(connector: Connector, request: Request, expected: Expected): Promise<string | null> {
  const { body, headers, method } = request;
  if (method !== 'POST' || body.get('grant_type') !== 'authorization_code') return 'not a code grant';
  if (headers.accept !== 'application/json') return 'asks for no JSON';
  if (body.get('code') !== 'code-1') return 'the code is not known';
  if (body.get('redirect_uri') !== expected.authorized.get('redirect_uri')) return 'the redirect_uri is another';
  const challenge = createHash('sha256')
    .update(body.get('code_verifier') ?? '')
    .digest('base64url');
  if (challenge !== expected.authorized.get('code_challenge')) return 'the code_verifier is another';
  return problemOfClient(connector, request, expected);
}

async function problemOfClient(connector: Connector, { body, headers }: Request, expected: Expected) {
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
