import {
  createTRPCClient,
  httpBatchLink,
  type HTTPBatchLinkOptions,
  httpLink,
  splitLink,
  type TRPCClient,
} from '@trpc/client';
import type { AppRouter } from './app-router.ts';
import { type Fetch, resendOnce } from './resend.ts';

/** A session's or an API token's secret; a function is asked before each request. Null: call without one. */
export type Token = string | (() => string | null | undefined | Promise<string | null | undefined>);

export interface ClientOptions {
  /** The deployment's address, such as `https://account.example.com`. */
  readonly url: string;
  /** Sent as `Authorization: Bearer`. Without it, a browser sends its session cookie. */
  readonly token?: Token;
  /** Instead of the global `fetch`: a service binding, a proxy, a test. */
  readonly fetch?: Fetch;
}

/** Every procedure of the deployment: `client.auth.listSessions.query()`. */
export type GatehouseClient = TRPCClient<AppRouter>;

/** The most that the deployment takes in one request. */
const MAX_BATCH = 10;
/** Proxies cut longer addresses off. */
const MAX_URL = 8_000;

/**
 * The client of one deployment. Queries of one tick share a request, mutations go alone. A request whose answer was lost
 * is sent once more; mutations carry an `Idempotency-Key` for that, a fresh one each call, or the one given as
 * `{ context: { idempotencyKey } }`.
 * @throws TypeError when `url` is not an http(s) address
 */
export function createGatehouseClient({ url, token, fetch }: ClientOptions): GatehouseClient {
  const endpoint = endpointOf(url);
  // Made at the first call: Workers have no randomness outside of a request.
  let caller: string | undefined;
  const send = resendOnce(withCredentials(fetch ?? ((address, init) => globalThis.fetch(address, init))));
  const common: Pick<HTTPBatchLinkOptions<AppRouter['_def']['_config']['$types']>, 'url' | 'fetch'> = {
    url: endpoint,
    fetch: (address, init) => send(String(address), { ...(init as RequestInit) }),
  };
  return createTRPCClient<AppRouter>({
    links: [
      splitLink({
        condition: ({ type }) => type === 'mutation',
        true: httpLink({
          ...common,
          headers: async ({ op }) => ({
            ...(await authorization(token)),
            'idempotency-key': keyOf(op.context.idempotencyKey),
            // By it a call without a token is known to be the same caller's.
            'idempotency-caller': (caller ??= newSecret()),
          }),
        }),
        false: httpBatchLink({
          ...common,
          maxItems: MAX_BATCH,
          maxURLLength: MAX_URL,
          headers: () => authorization(token),
        }),
      }),
    ],
  });
}

function endpointOf(url: string): string {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol)) {
    throw new TypeError(
      `url must be an http(s) address such as https://account.example.com, not ${JSON.stringify(url)}.`,
    );
  }
  return `${url.replace(/\/+$/, '')}/trpc`;
}

async function authorization(token: Token | undefined): Promise<Record<string, string>> {
  const secret = typeof token === 'function' ? await token() : token;
  return secret ? { authorization: `Bearer ${secret}` } : {};
}

function keyOf(given: unknown): string {
  return typeof given === 'string' ? given : crypto.randomUUID();
}

/** 256 random bits in hex. */
function newSecret(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(32)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Cookies only where no token speaks: the two could belong to different people. */
function withCredentials(fetch: Fetch): Fetch {
  // workerd's Request has no credentials, and its fetch throws when told about them.
  if (typeof Request === 'undefined' || !('credentials' in Request.prototype)) return fetch;
  return (url, init) => {
    const hasToken = new Headers(init.headers).has('authorization');
    return fetch(url, { ...init, credentials: hasToken ? 'omit' : 'include' });
  };
}
