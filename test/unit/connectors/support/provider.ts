import { createHmac } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  authorizationUrl,
  connectAuthorizationUrl,
  redeemCallback,
  redeemGrant,
  refreshTokens,
  revokeGrant,
} from '../../../../src/connectors/flow.ts';
import type {
  Claims,
  Connector,
  ConnectorClient,
  Grant,
  ProviderIdentity,
  RefreshOutcome,
  RevocationOutcome,
} from '../../../../src/connectors/types.ts';
import { grantSampleOf } from './grant-samples.ts';
import { generateSigningKeys, type SigningKeys } from './jwt.ts';
import {
  bearerOf,
  CLIENT_ID,
  problemOf,
  problemOfClient,
  problemOfRevocation,
  type Request,
} from './request-checks.ts';
import { person, sampleOf, TENANT } from './samples.ts';

export { CLIENT_ID } from './request-checks.ts';
export const REDIRECT_URI = 'https://account.example.com/oauth/callback/here';
export const STATE = 'state-0123456789012345678901234567890123456';
export const BROWSER_SECRET = 'browser-0123456789012345678901234567890123';

/**
 * One answer instead of the documented one. `hang`: none at all; `reset`: the connection breaks; `half`: it breaks in
 * the middle of the answer.
 */
export type Answer =
  | 'hang'
  | 'reset'
  | 'half'
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: unknown };

type EndpointName = 'discovery' | 'token' | 'jwks' | 'revocation' | `api.${string}`;

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
  /** The same for a grant, with what the sample asks for. */
  readonly connect: (
    faults?: Faults,
    change?: Partial<Parameters<typeof connectAuthorizationUrl>[2]>,
  ) => Promise<{ url: URL; params: URLSearchParams }>;
  readonly receive: (faults?: Faults, change?: Partial<Parameters<typeof redeemGrant>[2]>) => Promise<Grant>;
  /** With `refresh-1`, which every `connect` makes good again. */
  readonly refresh: (
    faults?: Faults,
    change?: Partial<Parameters<typeof refreshTokens>[2]> & { readonly client?: ConnectorClient },
  ) => Promise<RefreshOutcome>;
  /** With `refresh-1`. */
  readonly revoke: (faults?: Faults, change?: Partial<Parameters<typeof revokeGrant>[2]>) => Promise<RevocationOutcome>;
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
  const sample = grantSampleOf(connector);
  const parameters = sample.parameters ?? {};
  const spent = new Set<string>();
  let isGrant = false;
  let isOver = false;
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
  const fill = (address: string) =>
    Object.entries(parameters).reduce((text, [name, value]) => text.replace(`{${name}}`, value), address);
  const endpoints = connector.endpoints ?? {
    authorization: `${origin}/authorize`,
    token: `${origin}/token`,
    jwks: `${origin}/jwks`,
  };
  const rules = connector.grant?.revocation;
  const revocation = fill((rules?.endpoint ?? `${origin}/revoke`).replace('{client_id}', CLIENT_ID));

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const url = String(incoming.headers['x-original-url'] ?? `${origin}${incoming.url}`);
    const body = readBody(incoming, Buffer.concat(chunks).toString());
    const request = { url, method: incoming.method ?? '', headers: incoming.headers, body };
    requests.push(request);
    const name = nameOf(url);
    const answer = faults.answers?.[name] ?? (await documented(name, request));
    if (answer === 'hang') return;
    if (answer === 'reset') return void incoming.socket.destroy();
    if (answer === 'half') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '100' }).write('{"access_token"');
      return void setTimeout(() => incoming.socket.destroy(), 20);
    }
    const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {});
    response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers }).end(text);
  };

  const nameOf = (url: string): EndpointName => {
    if (url === fill(endpoints.token)) return 'token';
    if (url === revocation) return 'revocation';
    if (url === endpoints.jwks) return 'jwks';
    if (url === `${origin}/.well-known/openid-configuration`) return 'discovery';
    const urls = connector.identity.kind === 'api' ? Object.entries(connector.identity.urls) : [];
    return `api.${urls.find(([, candidate]) => fill(candidate) === url)?.[0] ?? 'unknown'}`;
  };

  const documented = async (name: EndpointName, request: Request): Promise<Answer> => {
    if (name === 'discovery') return { body: { ...metadata(endpoints), revocation_endpoint: revocation, issuer } };
    if (name === 'jwks') return { body: keys.keySet };
    if (name === 'token')
      return request.body.get('grant_type') === 'refresh_token' ? refreshed(request) : token(request);
    if (name === 'revocation') return revoked(request);
    const { tokenHeader } = connector.identity.kind === 'api' ? connector.identity : {};
    if (bearerOf(request, tokenHeader) !== 'access-1') return { status: 401, body: { message: 'Bad credentials' } };
    return { body: sampleOf(connector).api?.[name.slice('api.'.length)] };
  };

  const token = async (request: Request): Promise<Answer> => {
    const problem = await problemOf(connector, request, { client, authorized, secretKeys });
    if (isGrant && problem === null) return withTokens(sample.granted, await idToken());
    // GitHub says so with status 200; the others with 400.
    const status = connector.identity.kind === 'api' ? 200 : 400;
    if (problem) return { status, body: { error: 'invalid_grant', error_description: problem } };
    const { scope } = sampleOf(connector);
    const own = { access_token: 'access-1', token_type: 'Bearer', expires_in: 3600, scope };
    return { body: { ...own, id_token: await idToken(), ...faults.token } };
  };

  const idToken = async (): Promise<unknown> => {
    if (connector.identity.kind !== 'id_token') return undefined;
    const now = Math.floor(Date.now() / 1000);
    const standard = { iss: issuer, aud: CLIENT_ID, iat: now, exp: now + 600, nonce: authorized.get('nonce') };
    const claims = { ...standard, ...person, ...sampleOf(connector).claims, ...faults.claims };
    const made = await keys.sign(faults.header ?? { alg: connector.identity.algorithms[0] ?? '' }, claims);
    return faults.idToken ? faults.idToken(made) : made;
  };

  const withTokens = ({ body, ...rest }: { readonly body?: unknown }, jwt: unknown): Answer => {
    if (typeof body === 'string') return { ...rest, body: `${body}&${new URLSearchParams(texts(faults.token))}` };
    return { ...rest, body: { ...(body as object), ...(jwt === undefined ? {} : { id_token: jwt }), ...faults.token } };
  };

  /** Microsoft's ID tokens of a refresh name an issuer of their own; nobody may mind. */
  const strangeIdToken = async () => {
    if (connector.identity.kind !== 'id_token') return undefined;
    return keys.sign({ alg: connector.identity.algorithms[0] ?? '' }, { iss: 'https://issuer.example', sub: 'nobody' });
  };

  const refreshed = async (request: Request): Promise<Answer> => {
    const { body, method, headers } = request;
    const isForm = headers['content-type']?.startsWith('application/x-www-form-urlencoded') === true;
    if (method !== 'POST' || isForm === (connector.tokenEncoding === 'json')) return { status: 415 };
    const problem = await problemOfClient(connector, request, { client, authorized, secretKeys });
    if (problem) return sample.refusedClient;
    const given = body.get('refresh_token') ?? '';
    const isKnown = given === 'refresh-1' || given === 'refresh-2';
    const isSpent = spent.has(given) && connector.grant?.refresh.reuse === 'revokes';
    if (!isKnown || isSpent || isOver) return sample.refusedToken;
    if (connector.grant?.refresh.rotates) spent.add(given);
    return withTokens(sample.refreshed, await strangeIdToken());
  };

  const revoked = async (request: Request): Promise<Answer> => {
    const problem = await problemOfRevocation(connector, request, { client, authorized, secretKeys });
    if (problem) return { status: 422, body: { message: problem } };
    if (isOver) return sample.revokedAgain ?? {};
    isOver = true;
    return sample.revoked ?? {};
  };

  const send: Provider['fetch'] = (url, init) => {
    const headers = new Headers(init.headers);
    headers.set('x-original-url', url);
    return fetch(url.startsWith(origin) ? url : origin, { ...init, headers });
  };

  const authorize: Provider['authorize'] = async (wanted = {}) => {
    begin(wanted);
    isGrant = false;
    const url = new URL(await authorizationUrl(connector, client, { ...own, fetch: send }));
    authorized = url.searchParams;
    return { url, params: brought(wanted) };
  };

  const own = { state: STATE, browserSecret: BROWSER_SECRET, redirectUri: REDIRECT_URI };

  const begin = (wanted: Faults) => {
    faults = wanted;
    requests.length = 0;
  };

  const brought = (wanted: Faults): URLSearchParams => {
    const iss = connector.announcesIssuer ? issuer : undefined;
    const answer = { code: 'code-1', state: STATE, iss, ...sampleOf(connector).callback };
    const all = { ...signed(connector, client, { ...answer, ...(isGrant ? parameters : {}) }), ...wanted.callback };
    const given = Object.entries(all).filter((pair): pair is [string, string] => pair[1] !== undefined);
    return new URLSearchParams(given);
  };

  const asking = { scopes: sample.asked, parameters };

  const connect: Provider['connect'] = async (wanted = {}, change = {}) => {
    begin(wanted);
    isGrant = true;
    isOver = false;
    spent.clear();
    const request = { ...own, ...asking, fetch: send, ...change };
    const url = new URL(await connectAuthorizationUrl(connector, client, request));
    authorized = url.searchParams;
    return { url, params: brought(wanted) };
  };

  const receive: Provider['receive'] = async (wanted, change) => {
    const { params } = await connect(wanted);
    return redeemGrant(connector, client, { ...own, ...asking, params, fetch: send, ...change });
  };

  const refresh: Provider['refresh'] = (wanted = {}, change = {}) => {
    begin(wanted);
    const { client: changed = client, ...rest } = change;
    return refreshTokens(connector, changed, { refreshToken: 'refresh-1', parameters, fetch: send, ...rest });
  };

  const revoke: Provider['revoke'] = (wanted = {}, change = {}) => {
    begin(wanted);
    const request = { token: 'refresh-1', tokenType: 'refresh_token' as const, parameters, fetch: send };
    return revokeGrant(connector, client, { ...request, ...change });
  };

  const signIn: Provider['signIn'] = async (wanted, change) => {
    const { params } = await authorize(wanted);
    return redeemCallback(connector, client, { ...own, params, fetch: send, ...change });
  };

  const close = () => new Promise<void>((done) => void (server.closeAllConnections(), server.close(() => done())));
  const grants = { connect, receive, refresh, revoke };
  return { connector, client, keys, issuer, requests, fetch: send, signIn, authorize, ...grants, close };
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

function readBody({ headers }: IncomingMessage, text: string): URLSearchParams {
  const isJson = headers['content-type'] === 'application/json';
  return new URLSearchParams(isJson ? texts(JSON.parse(text) as Claims) : text);
}

function texts(claims: Claims = {}): Record<string, string> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, String(value)]));
}

/** Signed as the documentation says, where the connector says that the provider signs. */
function signed(connector: Connector, { clientSecret }: ConnectorClient, params: Readonly<Record<string, unknown>>) {
  const rule = connector.grant?.callbackSignature;
  if (!rule) return params;
  const given = Object.entries(params).filter(([, value]) => value !== undefined);
  const message = given.map(([name, value]) => `${name}=${String(value)}`).sort();
  const signature = createHmac('sha256', clientSecret).update(message.join('&')).digest('hex');
  return { ...params, [rule.parameter]: signature };
}
