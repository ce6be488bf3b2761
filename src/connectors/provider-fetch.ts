import { failure, networkFault, ProviderFault, statusFailure } from './provider-fault.ts';
import type { Connector } from './types.ts';

const DEADLINE_MS = 10_000;
/** Microsoft's key set, the longest answer there is, has some 30 KiB. */
const MAX_BYTES = 256 * 1024;
/** Not the encoding and the length, which are of the body as it was sent. */
const PASSED_ON = new Set(['content-type', 'www-authenticate', 'retry-after']);
/**
 * A gateway passed the request on and got no answer: 504 (RFC 9110 §15.6.5), and Cloudflare's 520 and 524, which a
 * Worker is given as well. https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
 */
const UNANSWERED = new Set([504, 520, 524]);

export interface FetchOptions {
  /** Another way to send a request; the runtime's `fetch` unless given. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds for one call, its answer read to the end; 10,000 unless given. */
  readonly deadlineMs?: number;
}

/** What one kind of call asks for beyond that. */
export interface AcceptedAnswers {
  /** Statuses below 400 that are an answer; 200 unless given. */
  readonly accepts?: readonly number[];
}

export type ProviderFetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * How a provider is called: over https (a development connector over http too, at loopback), within a deadline, no
 * redirect followed (it would carry code and secret along), and the answer read here and bounded.
 * @throws ProviderFault provider.unreachable on a failing network, a deadline passed, 408, 429 and 5xx;
 *   provider.answer_invalid on a redirect, and on an answer too long
 */
export function providerFetch(
  connector: Connector,
  { fetch: send = fetch, deadlineMs, accepts = [200] }: FetchOptions & AcceptedAnswers,
): ProviderFetch {
  return async (url, init) => {
    if (!isAllowed(connector, new URL(url))) {
      throw new ProviderFault('provider.answer_invalid', 'not https', failure('configuration', 'not_https'));
    }
    const signal = AbortSignal.timeout(deadlineMs ?? DEADLINE_MS);
    const headers = new Headers(init.headers);
    // GitHub answers nobody without one.
    headers.set('user-agent', 'Gatehouse');
    const response = await reaching(() => send(url, { ...init, headers, redirect: 'manual', signal }));
    const { status } = response;
    const fault = faultOf(response, accepts);
    if (fault) {
      await response.body?.cancel().catch(() => undefined);
      throw fault;
    }
    const body = await reaching(() => readBounded(response));
    const kept = [...response.headers].filter(([name]) => PASSED_ON.has(name));
    return new Response(status === 204 ? null : body, { status, headers: kept });
  };
}

function faultOf(response: Response, accepts: readonly number[]): ProviderFault | null {
  const { status } = response;
  if (status >= 500 || status === 408 || status === 429) {
    const what = statusFailure(UNANSWERED.has(status) ? 'ambiguous' : 'transient', response);
    return new ProviderFault('provider.unreachable', status, what);
  }
  if (status >= 400 || accepts.includes(status)) return null;
  // Some other success: it was done, and not as agreed. A redirect did nothing.
  const what = statusFailure(status < 300 ? 'ambiguous' : 'transient', response);
  return new ProviderFault('provider.answer_invalid', status, what);
}

function isAllowed({ isForDevelopment }: Connector, { protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return isForDevelopment && protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

async function reaching<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    throw error instanceof ProviderFault ? error : networkFault(error);
  }
}

async function readBounded(response: Response): Promise<ArrayBuffer> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  // Leaving the loop by throwing cancels the body.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) {
      throw new ProviderFault('provider.answer_invalid', 'too long', failure('ambiguous', 'too_long'));
    }
    chunks.push(chunk);
  }
  return new Blob(chunks).arrayBuffer();
}
