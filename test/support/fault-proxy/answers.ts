import type { ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import type { Fault } from './rules.ts';
import type { Upstream } from './upstream.ts';

/** A fault that answers something else than the provider does. */
export type MadeUpFault = Extract<Fault, { isCommitted?: boolean }>;

const CHUNK = Buffer.alloc(64 * 1024, 'a');
/** Beyond every limit that a client should have; then it ends after all. */
const MOST_CHUNKS = 1024;

/** The made-up answer of a fault. */
export async function sendMadeUp(response: ServerResponse, fault: MadeUpFault): Promise<void> {
  const send = (status: number, type: string, body: string) =>
    void response.writeHead(status, { 'content-type': type }).end(body);
  switch (fault.kind) {
    case 'status':
      return send(fault.status, 'text/plain', 'Not now.');
    case 'html':
      return send(fault.status, 'text/html', '<!doctype html><title>Blocked</title><h1>Request blocked</h1>');
    case 'too_many':
      if (fault.retryAfter !== undefined) response.setHeader('retry-after', fault.retryAfter);
      return send(429, 'application/json', '{"error":"rate_limited"}');
    case 'oauth_error':
      return send(fault.status, 'application/json', JSON.stringify({ error: fault.error }));
    case 'not_json':
      return send(200, 'application/json', '{"access_token":"cut off in the mi');
    case 'endless':
      return sendEndless(response);
  }
}

/** As fast as the client reads, and no longer than it does. */
async function sendEndless(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/json' });
  await pipeline(endlessText(), response).catch(() => undefined);
}

function* endlessText(): Generator<Buffer> {
  yield Buffer.from('{"access_token":"');
  for (let sent = 0; sent < MOST_CHUNKS; sent += 1) yield CHUNK;
}

/** The provider's answer as it came, or in another shape. An answer that is not a JSON object stays as it is. */
export function sendUpstream(response: ServerResponse, upstream: Upstream, fault: Fault): void {
  const members = fault.kind === 'form' || fault.kind === 'reshape' ? readMembers(upstream.body) : null;
  if (members === null) return void response.writeHead(upstream.status, upstream.headers).end(upstream.body);
  const changed = { ...members, ...(fault.kind === 'reshape' && fault.members) };
  const left = Object.entries(changed).filter(([, value]) => value !== null);
  const isForm = fault.kind === 'form';
  const body = isForm
    ? new URLSearchParams(left.map(([name, value]) => [name, String(value)])).toString()
    : JSON.stringify(Object.fromEntries(left));
  const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json';
  response.writeHead(upstream.status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}

function readMembers(body: Buffer): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
