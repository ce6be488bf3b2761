import { AppError } from '../errors.ts';
import type { Connector } from './types.ts';

const DEADLINE_MS = 10_000;
/** Microsoft's key set, the longest answer there is, has some 30 KiB. */
const MAX_BYTES = 256 * 1024;
/** Not the encoding and the length, which are of the body as it was sent. */
const PASSED_ON = new Set(['content-type', 'www-authenticate']);

export interface FetchOptions {
  /** Another way to send a request; the runtime's `fetch` unless given. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** Milliseconds for one call, its answer read to the end; 10,000 unless given. */
  readonly deadlineMs?: number;
}

export type ProviderFetch = (url: string, init: RequestInit) => Promise<Response>;

/**
 * How a provider is called: over https (a development connector over http too, at loopback), within a deadline, no
 * redirect followed (it would carry code and secret along), and the answer read here and bounded.
 * @throws provider.unreachable on a failing network, a deadline passed, 408, 429 and 5xx
 * @throws provider.answer_invalid on a redirect, and on an answer too long
 */
export function providerFetch(connector: Connector, { fetch: send = fetch, deadlineMs }: FetchOptions): ProviderFetch {
  return async (url, init) => {
    if (!isAllowed(connector, new URL(url))) throw new AppError('provider.answer_invalid', { cause: 'not https' });
    const signal = AbortSignal.timeout(deadlineMs ?? DEADLINE_MS);
    const headers = new Headers(init.headers);
    // GitHub answers nobody without one.
    headers.set('user-agent', 'Gatehouse');
    const response = await reaching(() => send(url, { ...init, headers, redirect: 'manual', signal }));
    const { status } = response;
    if (status >= 500 || status === 408 || status === 429) {
      await response.body?.cancel();
      throw new AppError('provider.unreachable', { cause: status });
    }
    if (status !== 200 && status < 400) throw new AppError('provider.answer_invalid', { cause: status });
    const body = await reaching(() => readBounded(response));
    return new Response(body, { status, headers: [...response.headers].filter(([name]) => PASSED_ON.has(name)) });
  };
}

function isAllowed({ isForDevelopment }: Connector, { protocol, hostname }: URL): boolean {
  if (protocol === 'https:') return true;
  return isForDevelopment && protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
}

async function reaching<Result>(step: () => Promise<Result>): Promise<Result> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('provider.unreachable', { cause: error instanceof Error ? error.name : undefined });
  }
}

async function readBounded(response: Response): Promise<ArrayBuffer> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  // Leaving the loop by throwing cancels the body.
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new AppError('provider.answer_invalid', { cause: 'too long' });
    chunks.push(chunk);
  }
  return new Blob(chunks).arrayBuffer();
}
