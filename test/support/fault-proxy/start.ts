import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { type Counter, newCounter } from './counter.ts';
import { newProgram, type Program, type SetFault } from './program.ts';
import type { Call, Counts, Fault, Match, Rule } from './rules.ts';
import { sendUpstream } from './answers.ts';
import { behave } from './behaviour.ts';
import { forward, readBody } from './upstream.ts';

export type { SetFault } from './program.ts';

/** Stands in front of a provider, as its issuer, and does what no honest server does. */
export interface FaultProxy {
  /** Its address: the issuer. */
  readonly url: string;
  /** Sets a fault; it holds for so many requests, or until it is removed. */
  add(rule: Rule): SetFault;
  /** Takes all faults away. */
  clear(): void;
  counts(match?: Match): Counts;
  close(): Promise<void>;
}

/** What stands behind the proxy. */
export interface Target {
  /** Where it listens. */
  readonly address: string;
  /** Whose refresh token, code or access token it is. */
  subjectOf(credential: string): Promise<string | null>;
}

interface Parts {
  readonly target: Target;
  readonly program: Program;
  readonly counter: Counter;
  readonly agent: Agent;
}

/**
 * Starts the proxy on loopback, then what stands behind it.
 * @param startTarget is given the proxy's address, which its issuer is to be
 */
export async function startFaultProxy<T extends Target>(
  startTarget: (issuer: string) => Promise<T>,
): Promise<FaultProxy & { readonly target: T }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const [program, counter, agent] = [newProgram(), newCounter(), new Agent({ keepAlive: true })];
  const close = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      server.closeAllConnections();
      agent.destroy();
    });
  const target = await startTarget(url).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  const parts = { target, program, counter, agent };
  server.on('request', (request, response) => void answer(request, response, parts));
  return { url, target, close, add: program.add, clear: program.clear, counts: (match = {}) => counter.read(match) };
}

/** Never rejects: a connection that breaks is what this is for. */
async function answer(request: IncomingMessage, response: ServerResponse, parts: Parts): Promise<void> {
  response.on('error', () => undefined);
  try {
    const body = await readBody(request);
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    if (path.startsWith('/faults/')) return control(path, body, response, parts);
    const endpoint = path === '/token' ? 'token' : path === '/token/revocation' ? 'revocation' : null;
    if (endpoint && request.method === 'POST') {
      const call = await callOf(endpoint, request, body, parts.target);
      return await answerCall(call, { request, response, body, ...parts });
    }
    sendUpstream(response, await forward(request, body, passOn(parts)), { kind: 'pass' });
  } catch {
    if (!response.headersSent) response.writeHead(502);
    response.end();
  }
}

type Exchange = Parts & { readonly request: IncomingMessage; readonly response: ServerResponse; readonly body: Buffer };

async function answerCall(call: Call, exchange: Exchange): Promise<void> {
  const counted = exchange.counter.arrived(call);
  const taken = exchange.program.take(call);
  const fault: Fault = taken?.rule.fault ?? { kind: 'pass' };
  const ask = () => {
    counted.forwarded();
    return forward(exchange.request, exchange.body, passOn(exchange));
  };
  const meet = () => {
    counted.met(fault.kind);
    taken?.apply();
  };
  await behave(fault, { ask, meet, response: exchange.response }).finally(() => counted.done());
}

async function callOf(
  endpoint: Call['endpoint'],
  request: IncomingMessage,
  body: Buffer,
  target: Target,
): Promise<Call> {
  const form = new URLSearchParams(body.toString('utf8'));
  const credential = form.get('refresh_token') ?? form.get('code') ?? form.get('token');
  const subject = credential === null ? null : await target.subjectOf(credential);
  return { endpoint, subject, clientId: clientIdOf(request, form), form };
}

/** From HTTP Basic (RFC 6749 §2.3.1) or the body. */
function clientIdOf({ headers }: IncomingMessage, form: URLSearchParams): string | null {
  const [, basic] = /^Basic (.+)$/i.exec(headers.authorization ?? '') ?? [];
  if (basic === undefined) return form.get('client_id');
  const [id = ''] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return decodeURIComponent(id.replaceAll('+', ' '));
}

function control(path: string, body: Buffer, response: ServerResponse, { program, counter }: Parts): void {
  const input = JSON.parse(body.toString('utf8')) as { id: number };
  const fault = program.get(input.id);
  const actions: Record<string, () => object> = {
    '/faults/add': () => ({ id: program.add(input as unknown as Rule).id }),
    '/faults/remove': () => (fault?.remove(), {}),
    '/faults/applied': () => ({ applied: fault?.applied() ?? 0 }),
    '/faults/counts': () => counter.read(input as Match),
  };
  const result = actions[path]?.();
  response.writeHead(result ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(result ?? {}));
}

const passOn = ({ target, agent }: Parts) => ({ origin: target.address, agent });
