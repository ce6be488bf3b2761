import type { Context as HonoContext } from 'hono';
import { sha256Hex } from '../../lib/secrets.ts';

/**
 * An answer that its caller may keep but asks about before each use: a strong `ETag` of the body, and 304 without one
 * where `If-None-Match` has it (RFC 9110 §13.1.2). Only the caller's own cache may hold it. The database is asked all
 * the same: what is saved is the body, and whoever may no longer call is refused.
 */
export async function answerWithTag(c: HonoContext, answer: object): Promise<Response> {
  const body = JSON.stringify(answer);
  const tag = `"${(await sha256Hex(body)).slice(0, 32)}"`;
  c.header('etag', tag);
  c.header('cache-control', 'private, no-cache');
  // What a browser kept for one credential or origin is not another's.
  c.header('vary', 'authorization, cookie, origin');
  if (isNamed(c.req.header('if-none-match') ?? '', tag)) return c.body(null, 304);
  return c.body(body, 200, { 'content-type': 'application/json' });
}

/** Weak comparison, as the RFC asks for here; a proxy that packs the body makes the tag weak. */
function isNamed(condition: string, tag: string): boolean {
  const named = condition.split(',').map((part) => part.trim().replace(/^W\//, ''));
  return named.includes(tag) || named.includes('*');
}
