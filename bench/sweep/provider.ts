/**
 * The provider of the sweep, as a process of its own: discovery, a token endpoint that redeems refresh tokens, each once,
 * and answers after a while, and one that says whose an access token is. `/control/…` is for the benchmark. Prints one line of JSON when it is ready.
 */
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { type Redemptions, StrictGrants } from './grants.ts';

/** Over the life of the provider, but `mostAtOnce`: since it was last asked. */
export interface ProviderReport extends Redemptions {
  /** The most token requests that waited for their answer at the same time. */
  readonly mostAtOnce: number;
}

const { values } = parseArgs({ options: { 'client-id': { type: 'string' }, 'client-secret': { type: 'string' } } });
const client = `${values['client-id'] ?? ''}:${values['client-secret'] ?? ''}`;
const scope = 'openid email profile offline_access';

const grants = new StrictGrants();
let delayMs = 0;
let atOnce = 0;
let mostAtOnce = 0;

// A client ends its connections itself: closing an idle one races with the next request.
const server = createServer({ keepAliveTimeout: 0, maxHeaderSize: 65_536 }, (request, response) => {
  answer(request, response).catch((error: unknown) => send(response, 500, { error: String(error) }));
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ issuer: issuer() })));
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(0));

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
  switch (`${request.method} ${pathname}`) {
    case 'GET /.well-known/openid-configuration':
      return send(response, 200, metadata());
    case 'POST /token':
      return token(request, response);
    case 'GET /me':
      await sleep(delayMs);
      return send(response, 200, { sub: subjectOf(request) });
    case 'POST /control/delay':
      delayMs = Number(searchParams.get('ms'));
      return send(response, 200, {});
    case 'POST /control/grants':
      return send(
        response,
        200,
        Array.from({ length: Number(searchParams.get('count')) }, () => grants.give()),
      );
    case 'GET /control/report': {
      const report: ProviderReport = { ...grants.report(), mostAtOnce };
      mostAtOnce = 0;
      return send(response, 200, report);
    }
    default:
      return send(response, 404, { error: 'not_found' });
  }
}

/** Redeemed at once and answered late: what happens in between is what a client must be ready for. */
async function token(request: IncomingMessage, response: ServerResponse): Promise<void> {
  atOnce += 1;
  mostAtOnce = Math.max(mostAtOnce, atOnce);
  try {
    const form = new URLSearchParams(await text(request));
    if (clientOf(request) !== client) return send(response, 401, { error: 'invalid_client' });
    if (form.get('grant_type') !== 'refresh_token') return send(response, 400, { error: 'unsupported_grant_type' });
    const tokens = grants.redeem(form.get('refresh_token') ?? '');
    await sleep(delayMs);
    if (!tokens) return send(response, 400, { error: 'invalid_grant' });
    const { accessToken, refreshToken } = tokens;
    const times = { token_type: 'Bearer', expires_in: 3600 };
    send(response, 200, { access_token: accessToken, refresh_token: refreshToken, ...times, scope });
  } finally {
    atOnce -= 1;
  }
}

/** RFC 6749 §2.3.1: id and secret are form-encoded before they are joined. */
function clientOf({ headers: { authorization = '' } }: IncomingMessage): string {
  const joined = atob(authorization.replace(/^Basic /, ''));
  return joined
    .split(':')
    .map((part) => decodeURIComponent(part.replaceAll('+', ' ')))
    .join(':');
}

/** Each access token is another account’s. */
function subjectOf({ headers: { authorization = '' } }: IncomingMessage): string {
  return createHash('sha256').update(authorization).digest('hex');
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
}

function metadata(): object {
  return {
    issuer: issuer(),
    authorization_endpoint: `${issuer()}/authorize`,
    token_endpoint: `${issuer()}/token`,
    userinfo_endpoint: `${issuer()}/me`,
    jwks_uri: `${issuer()}/jwks`,
    response_types_supported: ['code'],
  };
}

function issuer(): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}
