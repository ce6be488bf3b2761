import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type JWK, Provider } from 'oidc-provider';
import { type Account, exampleAccounts } from './oidc-provider/accounts.ts';
import { configurationOf } from './oidc-provider/configuration.ts';
import { answerInteractions } from './oidc-provider/interaction.ts';

export type { Account } from './oidc-provider/accounts.ts';

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
  /** Given the provider before it takes requests, to add middleware. */
  readonly extend?: (provider: Provider) => void;
}

export interface OidcProvider {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly accounts: readonly Account[];
  close(): Promise<void>;
}

/**
 * Starts an OpenID provider on loopback: a certified server (oidc-provider) with one client, all in memory. It is what
 * the `demo` connector signs in with in development and in tests.
 * @throws the server's error when the port is taken (EADDRINUSE)
 */
export async function startOidcProvider(options: OidcProviderOptions): Promise<OidcProvider> {
  const { clientId = 'gatehouse', clientSecret = randomBytes(32).toString('base64url') } = options;
  const { signingKey = newSigningKey(), redirectUris, autoLogin = false } = options;
  const server = createServer();
  await listen(server, options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const { accounts = exampleAccounts(port) } = options;
  const issuer = `http://localhost:${port}`;
  const known = new Map(accounts.map((account) => [account.subject, account]));
  const client = { clientId, clientSecret };
  const provider = new Provider(issuer, configurationOf({ ...client, redirectUris, accounts: known, signingKey }));
  options.extend?.(provider);
  answerInteractions(provider, { accounts: known, offered: accounts, autoLogin });
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  return { issuer, ...client, accounts, close: () => close(server) };
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
export function connectorSettings({ issuer, clientId, clientSecret }: OidcProvider): Record<string, string> {
  return { DEMO_ISSUER: issuer, DEMO_CLIENT_ID: clientId, DEMO_CLIENT_SECRET: clientSecret };
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
