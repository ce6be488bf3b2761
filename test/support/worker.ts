import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { createApp } from '../../src/app.ts';
import type { Env } from '../../src/env.ts';
import { randomSecret } from '../../src/lib/secrets.ts';
import { developmentMailbox } from '../../src/mail/development.ts';
import { connectOwner, type Owner } from './owner.ts';

export const PUBLIC_URL = 'http://localhost:8787';
export const workerEnv = env as unknown as Env & { OWNER_URL: string; NEON_SQL_ENDPOINT: string };
export const owner: Owner = connectOwner(workerEnv);

const app = createApp();
let nextNetwork = Math.floor(Math.random() * 2 ** 24);

/** An address that no other test uses: rate limits count by network. */
export function newAddress(): string {
  nextNetwork = (nextNetwork + 1) % 2 ** 24;
  return `10.${nextNetwork >> 16}.${(nextNetwork >> 8) & 255}.${nextNetwork & 255}`;
}

/** The headers of a caller without a credential, by which the same call sent again is known. */
export function keyedHeaders(key: string = crypto.randomUUID()): Record<string, string> {
  return { 'idempotency-key': key, 'idempotency-caller': randomSecret() };
}

/** Sends a request through the whole app and waits for the work it left for later (mail). */
export async function send(request: Request, settings: Partial<Record<string, unknown>> = {}): Promise<Response> {
  if (!request.headers.has('cf-connecting-ip')) request.headers.set('cf-connecting-ip', newAddress());
  const ctx = createExecutionContext();
  // Tests that change settings get an environment of their own; others share one, whose parse is kept.
  const environment = Object.keys(settings).length > 0 ? { ...workerEnv, ...settings } : workerEnv;
  const response = await app.fetch(request, environment as Env, ctx);
  await waitOnExecutionContext(ctx);
  return response;
}

export interface CallOptions {
  readonly token?: string;
  readonly headers?: Record<string, string>;
  readonly settings?: Partial<Record<string, unknown>>;
  /** Most procedures that change something are mutations. Told apart by the name's first word. */
  readonly method?: 'GET' | 'POST';
}

/** What a tRPC call gives: the status, and either data or the refusal's data. */
export interface Outcome<T = Record<string, unknown>> {
  readonly status: number;
  readonly data: T;
  readonly code: string | undefined;
  readonly error: { message: string; data: Record<string, unknown> } | undefined;
  readonly response: Response;
}

/** Calls a procedure over HTTP as the typed client would. */
export async function call<T = Record<string, unknown>>(
  path: string,
  input?: unknown,
  options: CallOptions = {},
): Promise<Outcome<T>> {
  const isQuery = options.method ? options.method === 'GET' : /\.(get|list)/.test(path);
  const query = isQuery && input !== undefined ? `?input=${encodeURIComponent(JSON.stringify(input))}` : '';
  const headers = new Headers({ 'content-type': 'application/json', ...options.headers });
  if (options.token) headers.set('authorization', `Bearer ${options.token}`);
  const request = new Request(`${PUBLIC_URL}/trpc/${path}${query}`, {
    method: isQuery ? 'GET' : 'POST',
    headers,
    body: isQuery || input === undefined ? undefined : JSON.stringify(input),
  });
  const response = await send(request, options.settings);
  const body = (await response.clone().json()) as {
    result?: { data: T };
    error?: { message: string; code?: string; data?: Record<string, unknown> };
  };
  const code = (body.error?.data?.appCode ?? body.error?.code) as string | undefined;
  const error = body.error && { message: body.error.message, data: body.error.data ?? {} };
  return { status: response.status, data: body.result?.data as T, code, error, response };
}

/** The newest mail to an address: its text, its link's token and its code. */
export async function readMail(
  to: string,
): Promise<{ text: string; subject: string; token: string; code: string } | null> {
  const namespace = workerEnv.DEVELOPMENT_MAILBOX;
  if (!namespace) throw new Error('No development mailbox is bound.');
  const [mail] = await developmentMailbox(namespace).list(to);
  if (!mail) return null;
  const token = /#token=([\w-]+)/.exec(mail.text)?.[1] ?? '';
  const code = /^(\d{6})$/m.exec(mail.text)?.[1] ?? '';
  return { text: mail.text, subject: mail.subject, token, code };
}
