import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JWK, Provider } from 'oidc-provider';
import { type Account, exampleAccounts, type Rotation } from './oidc-provider/accounts.ts';
import { configurationOf } from './oidc-provider/configuration.ts';
import { type Grants, watchGrants } from './oidc-provider/grants.ts';
import { answerInteractions } from './oidc-provider/interaction.ts';
import { isLoopbackHost } from '../neon-local/callers.ts';
import { readKept, writeKept } from './oidc-provider/kept.ts';

export type { Account, Rotation } from './oidc-provider/accounts.ts';
export type { GrantReport, Grants, Redemptions, SeededGrant, SeedOptions } from './oidc-provider/grants.ts';

export interface OidcProviderOptions {
  /** 0 or nothing: a free one. */
  readonly port?: number;
  /** Where the provider may send a browser back to; at loopback, on any port. */
  readonly redirectUris: readonly string[];
  /** Whom its page offers; three examples unless given. */
  readonly accounts?: readonly Account[];
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** A private ES256 key with `kid`; a new one unless given. */
  readonly signingKey?: JWK;
  /** Believe `login_hint`, and make the account it describes: for tests. */
  readonly autoLogin?: boolean;
  /** Where a proxy stands in front of it: the proxy's address, which passes the Host header on. */
  readonly issuer?: string;
  /** How long an access token lives; an hour unless given. */
  readonly accessTokenSeconds?: number;
  /** `strict` unless given. */
  readonly rotation?: Rotation;
  /** Each answer of the token endpoint comes this much later. */
  readonly tokenDelayMs?: number;
  /** A file that keeps grants and their tokens from one start to the next. */
  readonly keptIn?: string;
  /** Given the provider before it takes requests, to add middleware. */
  readonly extend?: (provider: Provider, grants: Grants) => void;
}

export interface OidcProvider {
  readonly issuer: string;
  /** Where it listens itself: the issuer, unless a proxy is that. */
  readonly address: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly accounts: readonly Account[];
  /** What it gave, counted; more of it made on demand. */
  readonly grants: Grants;
  close(): Promise<void>;
}

/**
 * Starts an OpenID provider on loopback: a certified server (oidc-provider) with one client, in memory. It is what
 * the `demo` connector signs in with in development and in tests.
 * @throws the server's error when the port is taken (EADDRINUSE)
 */
export async function startOidcProvider(options: OidcProviderOptions): Promise<OidcProvider> {
  const { clientId = 'gatehouse', clientSecret = randomBytes(32).toString('base64url') } = options;
  const { signingKey = newSigningKey(), redirectUris, autoLogin = false } = options;
  const { accessTokenSeconds = 3600, rotation = 'strict', tokenDelayMs = 0 } = options;
  const server = createServer();
  await listen(server, options.port ?? 0);
  const address = `http://localhost:${(server.address() as AddressInfo).port}`;
  const { issuer = address } = options;
  const { accounts = exampleAccounts(Number(new URL(issuer).port)) } = options;
  const known = new Map(accounts.map((account) => [account.subject, account]));
  const client = { clientId, clientSecret };
  const entries = readKept(options.keptIn);
  const habits = { accounts: known, entries, accessTokenSeconds, rotation };
  const provider = new Provider(issuer, configurationOf({ ...client, redirectUris, signingKey, ...habits }));
  const grants = watchGrants(provider, { clientId, accounts: known, rotation, tokenDelayMs });
  options.extend?.(provider, grants);
  answerInteractions(provider, { accounts: known, offered: accounts, autoLogin });
  const answer = provider.callback();
  server.on('request', (request, response) => {
    // Browsers come here by its address. A name that somebody else pointed here would be that page's own origin.
    if (isLoopbackHost(request.headers.host)) void answer(request, response);
    else response.writeHead(403, { 'content-type': 'text/plain' }).end('This provider answers at localhost alone.\n');
  });
  const end = async () => {
    await close(server);
    if (options.keptIn) writeKept(options.keptIn, entries);
  };
  return { issuer, address, ...client, accounts, grants, close: end };
}

/** A private key to sign ID tokens with. */
export function newSigningKey(): JWK {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    ...privateKey.export({ format: 'jwk' }),
    kid: randomBytes(8).toString('hex'),
    alg: 'ES256',
    use: 'sig',
  } as JWK;
}

/** The Worker's settings that name the provider. */
export function connectorSettings({
  issuer,
  clientId,
  clientSecret,
}: Pick<OidcProvider, 'issuer' | 'clientId' | 'clientSecret'>): Record<string, string> {
  // Two that a person may leave out, so that there is something to see.
  const scopes = 'calendar.read files.read';
  return { DEMO_ISSUER: issuer, DEMO_CLIENT_ID: clientId, DEMO_CLIENT_SECRET: clientSecret, DEMO_SCOPES: scopes };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((done, refuse) => {
    server.once('error', refuse);
    server.listen(port, '127.0.0.1', () => done());
  });
}

function close(server: Server): Promise<void> {
  return new Promise((done) => {
    server.close(() => done());
    server.closeAllConnections();
  });
}
