import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createGatehouseClient, gatehouseError } from '../../src/client/index.ts';

interface Received {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A network: it hands each request to the answer of its turn, the last one again and again. */
async function network(...answers: ((response: ServerResponse, request: Received) => void)[]) {
  const received: Received[] = [];
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request;
    const entry = { method, url, headers, body: await text(request) };
    received.push(entry);
    answers[Math.min(received.length, answers.length) - 1]?.(response, entry);
  };
  const server = createServer((request, response) => void receive(request, response));
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, received };
}

const json =
  (body: unknown, status = 200) =>
  (response: ServerResponse) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const drop = (response: ServerResponse) => void response.destroy();
const breakOff = (response: ServerResponse) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '500' });
  response.write('{"result"', () => response.destroy());
};
const done = json({ result: { data: {} } });

describe('a mutation', () => {
  it.each([
    ['the connection is lost', drop],
    ['the answer breaks off', breakOff],
  ])('is sent once more, under the same key, when %s', async (_, failure) => {
    const { url, received } = await network(failure, done);
    await createGatehouseClient({ url }).auth.signOut.mutate();
    expect(received).toHaveLength(2);
    expect(received[0]?.headers['idempotency-key']).toMatch(/^[!-~]{16,200}$/);
    expect(received[1]).toEqual(received[0]);
  });

  it('is given up after the second time', async () => {
    const { url, received } = await network(drop);
    const failure = await createGatehouseClient({ url })
      .auth.signOut.mutate()
      .catch((error: unknown) => error);
    expect(received).toHaveLength(2);
    expect(failure).toBeInstanceOf(Error);
    expect(gatehouseError(failure)).toBeNull();
  });

  it('is not sent again after any answer, nor when it was called off', async () => {
    const { url, received } = await network(
      json({ error: { code: 'service.unavailable', message: 'No.', request_id: 'r' } }, 503),
      () => calling.abort(),
    );
    const calling = new AbortController();
    const client = createGatehouseClient({ url });
    await expect(client.auth.signOut.mutate()).rejects.toThrow();
    await expect(client.auth.signOut.mutate(undefined, { signal: calling.signal })).rejects.toThrow();
    expect(received).toHaveLength(2);
  });

  it('has a key of its own each time, or the one that is given', async () => {
    const { url, received } = await network(done);
    const client = createGatehouseClient({ url });
    await client.auth.signOut.mutate();
    await client.auth.signOut.mutate();
    await client.auth.signOut.mutate(undefined, { context: { idempotencyKey: 'chosen-by-the-caller' } });
    const keys = received.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys).size).toBe(3);
    expect(keys[2]).toBe('chosen-by-the-caller');
  });
});

describe('queries of one tick', () => {
  const each = (response: ServerResponse, { url }: Received) => {
    const calls = decodeURIComponent(new URL(url, 'http://x').pathname).split(',').length;
    json(Array.from({ length: calls }, () => ({ result: { data: { items: [] } } })))(response);
  };

  it('share a request, ten at the most, without a key', async () => {
    const { url, received } = await network(each);
    const client = createGatehouseClient({ url });
    await Promise.all(Array.from({ length: 12 }, () => client.auth.listSessions.query()));
    expect(received.map((request) => new URL(request.url, url).pathname.split(',').length)).toEqual([10, 2]);
    expect(received[0]?.headers).not.toHaveProperty('idempotency-key');
  });

  it('are sent once more when the connection is lost', async () => {
    const { url, received } = await network(drop, each);
    expect(await createGatehouseClient({ url }).auth.listSessions.query()).toEqual({ items: [] });
    expect(received).toHaveLength(2);
  });
});

describe('the token', () => {
  it('is sent as bearer, and asked for before each request when it is a function', async () => {
    const { url, received } = await network(done);
    const tokens = ['first', 'second', null];
    const client = createGatehouseClient({ url: `${url}/`, token: async () => tokens[received.length] });
    for (let call = 0; call < 3; call += 1) await client.auth.signOut.mutate();
    expect(received.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second', undefined]);
    expect(received[0]?.url).toBe('/trpc/auth.signOut');
  });

  it.each([
    ['omit', 'a-token'],
    ['include', undefined],
  ])('decides about cookies: %s for %s', async (credentials, token) => {
    const seen: RequestInit[] = [];
    const fetch = async (_: string, init: RequestInit) => {
      seen.push(init);
      return Response.json({ result: { data: {} } });
    };
    await createGatehouseClient({ url: 'https://account.example.com', token, fetch }).auth.signOut.mutate();
    expect(seen).toEqual([expect.objectContaining({ credentials })]);
  });
});

describe('a refusal', () => {
  it('of a procedure carries its code, request id, wait and fields', async () => {
    const fields = [{ path: 'email', message: 'must be one' }];
    const data = {
      code: 'BAD_REQUEST',
      httpStatus: 400,
      appCode: 'input.invalid',
      requestId: 'r1',
      retryAfter: 7,
      fields,
    };
    const { url } = await network(json({ error: { code: -32600, message: 'email: must be one', data } }, 400));
    const failure = await createGatehouseClient({ url })
      .auth.signOut.mutate()
      .catch((error: unknown) => error);
    expect(gatehouseError(failure)).toEqual({
      code: 'input.invalid',
      message: 'email: must be one',
      requestId: 'r1',
      retryAfter: 7,
      attemptsLeft: null,
      fields,
    });
  });

  it.each(['query', 'mutation'])('before any procedure is reached reads the same, for a %s', async (type) => {
    const refused = { code: 'rate_limit.exceeded', message: 'Later.', request_id: 'r2', retry_after: 60 };
    const { url } = await network(json({ error: refused }, 429));
    const { auth } = createGatehouseClient({ url });
    const failure = await (type === 'query' ? auth.getSession.query() : auth.signOut.mutate()).catch(
      (error: unknown) => error,
    );
    expect(gatehouseError(failure)).toMatchObject({
      code: 'rate_limit.exceeded',
      message: 'Later.',
      requestId: 'r2',
      retryAfter: 60,
    });
  });

  it('is told apart from anything else', () => {
    for (const other of [null, undefined, 'text', new Error('x'), { data: { appCode: 'input.invalid' } }]) {
      expect(gatehouseError(other)).toBeNull();
    }
  });
});

it('an address that is none is refused before the first call', () => {
  for (const url of ['', 'account.example.com', 'ftp://a.example']) {
    expect(() => createGatehouseClient({ url })).toThrow('url must be an http(s) address');
  }
});
