import { request as sendRequest } from 'node:http';
import { connect as connectSocket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startNeonLocal } from '../../scripts/neon-local/index.ts';
import type { NeonLocal } from '../../scripts/neon-local/index.ts';
import { malformedBodies, malformedConnectionStrings, select } from './malformed-cases.ts';
import { connect, failure, post } from './support.ts';

let server: NeonLocal;

beforeAll(async () => {
  server = await startNeonLocal({});
});

afterAll(() => server.close());

const inBatch = (header: string, text: string): [Record<string, string>, RegExp] => [
  { [header]: text },
  new RegExp(header),
];

describe('a malformed body', () => {
  it.each(malformedBodies)('%s is answered 400 and says what is wrong', async (_name, body, message) => {
    const answer = await post(server, body);
    expect(answer.status).toBe(400);
    expect(answer.body).toMatchObject({
      message: expect.stringMatching(message),
      code: expect.stringMatching(/^[0-9A-Z]{5}$/),
      severity: 'ERROR',
    });
  });

  it('of more than 10 MiB is answered 413', async () => {
    const answer = await post(server, { query: 'select $1', params: ['x'.repeat(10 * 1024 * 1024)] });
    expect(answer.status).toBe(413);
    expect(answer.body).toMatchObject({ message: 'request is too large (max is 10485760 bytes)' });
  });
});

describe('malformed headers', () => {
  it.each(malformedConnectionStrings)('a connection string with %s is answered 400', async (_name, text, message) => {
    const answer = await post(server, select, { 'Neon-Connection-String': text });
    expect(answer.status).toBe(400);
    expect(answer.body['message']).toMatch(message);
  });

  it('a refusal does not repeat the password', async () => {
    for (const text of ['http://user:hunter2@host/db', 'postgresql://user:hunter2@host', 'user:hunter2 x']) {
      const answer = await post(server, select, { 'Neon-Connection-String': text });
      expect(JSON.stringify(answer.body)).not.toContain('hunter2');
    }
  });

  it.each([
    inBatch('Neon-Batch-Isolation-Level', 'serializable'),
    inBatch('Neon-Batch-Read-Only', 'yes'),
    inBatch('Neon-Batch-Deferrable', '1'),
    inBatch('Neon-Array-Mode', 'TRUE'),
    inBatch('Neon-Raw-Text-Output', ''),
  ])('%o is answered 400', async (headers, message) => {
    const answer = await post(server, { queries: [select] }, headers);
    expect(answer.status).toBe(400);
    expect(answer.body['message']).toMatch(message);
  });

  it('bytes that are not HTTP are answered 400, and the next request is served', async () => {
    const answer = await new Promise<string>((resolve) => {
      const socket = connectSocket(server.port, '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
      socket.on('data', (data) => resolve(data.toString()));
    });
    expect(answer).toMatch(/^HTTP\/1.1 400/);
    expect((await post(server, select)).status).toBe(200);
  });
});

describe('paths and methods', () => {
  it.each([
    ['GET', '/sql', 405],
    ['POST', '/stats', 405],
    ['GET', '/stats/reset', 405],
    ['POST', '/health', 405],
    ['POST', '/', 404],
    ['POST', '/sql/', 404],
    ['GET', '/constructor', 404],
  ])('%s %s is answered %i', async (method, path, status) => {
    const response = await fetch(new URL(path, server.url), { method });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ message: expect.any(String), code: '08P01' });
  });

  it('health says ok', async () => {
    const response = await fetch(new URL('/health', server.url));
    expect(await response.json()).toEqual({ ok: true });
  });
});

describe('who asks', () => {
  /** As a browser, or what pretends to be one, may send it: `fetch` would not let a Host header through. */
  function ask(headers: Record<string, string>, target = 'POST /sql'): Promise<{ status: number; allowed: unknown }> {
    const [method, path] = target.split(' ');
    const all = { 'Neon-Connection-String': 'postgresql://postgres:any@localhost/postgres', ...headers };
    return new Promise((resolve, reject) => {
      const request = sendRequest({ host: '127.0.0.1', port: server.port, method, path, headers: all }, (response) => {
        const allowed = Object.keys(response.headers).filter((name) => name.startsWith('access-control-'));
        response.resume().on('end', () => resolve({ status: response.statusCode ?? 0, allowed }));
      });
      request.on('error', reject).end(method === 'POST' ? JSON.stringify(select) : undefined);
    });
  }

  const everything = ['POST /sql', 'GET /stats', 'POST /stats/reset', 'GET /health', 'OPTIONS /sql'];

  it.each([
    'https://example.com',
    'null',
    'http://localhost.example.com',
    'http://localhost:3000',
    'http://app.localhost:3000',
    'http://127.0.0.1:8787',
  ])('a page of %s is refused, whatever it asks', async (Origin) => {
    for (const target of everything) {
      expect(await ask({ Origin }, target), target).toEqual({ status: 403, allowed: [] });
      const preflight = { Origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': '*' };
      expect(await ask(preflight, target), target).toEqual({ status: 403, allowed: [] });
    }
  });

  it.each(['cross-site', 'same-site'])('a request that a browser sends %s is refused', async (site) => {
    for (const target of everything) {
      expect(await ask({ 'Sec-Fetch-Site': site }, target)).toEqual({ status: 403, allowed: [] });
    }
  });

  it('a host that is not this machine is refused: a name can be pointed here by anybody', async () => {
    const { port } = server;
    for (const Host of [
      `evil.example:${port}`,
      `app.localhost:${port}`,
      `localhost.evil.example:${port}`,
      `127.0.0.1.evil.example:${port}`,
      `localhost.:${port}`,
      `10.0.0.1:${port}`,
      `localhost@evil.example:${port}`,
    ]) {
      for (const target of everything) expect(await ask({ Host }, target), Host).toEqual({ status: 403, allowed: [] });
    }
  });

  it('a program of this machine is answered, by each of its names', async () => {
    const { port } = server;
    for (const Host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, `LOCALHOST:${port}`, 'localhost']) {
      expect(await ask({ Host }), Host).toEqual({ status: 200, allowed: [] });
    }
    for (const site of ['none', 'same-origin']) expect((await ask({ 'Sec-Fetch-Site': site })).status).toBe(200);
    expect((await ask({}, 'OPTIONS /sql')).status).toBe(405);
  });
});

describe('statistics and latency', () => {
  it('count round trips and statements, until they are reset', async () => {
    const sql = connect(server);
    await fetch(new URL('/stats/reset', server.url), { method: 'POST' });
    await sql`select 1`;
    await sql.transaction([sql`select 1`, sql`select 2`, sql`select 3`]);
    await failure(sql`selec`);
    const response = await fetch(new URL('/stats', server.url));
    expect(await response.json()).toEqual({ roundTrips: 3, statements: 5 });
    expect(server.stats()).toEqual({ roundTrips: 3, statements: 5 });
    server.resetStats();
    expect(server.stats()).toEqual({ roundTrips: 0, statements: 0 });
  });

  it('latency is added to a round trip, whatever comes of it', async () => {
    const far = await startNeonLocal({ latency: 300, postgres: 'postgresql://127.0.0.1:1/none' });
    const start = performance.now();
    expect((await post(far, select)).status).toBe(500);
    // A timer may fire a fraction of a millisecond early.
    expect(performance.now() - start).toBeGreaterThanOrEqual(299);
    await far.close();
  });
});

describe('answers in the shape of Neon', () => {
  const query = `select 1::int2 as a, 2::int8 as b, 1.5::float8 as c, 'NaN'::float8 as d, true as e, null as f,
    '{"x": [1]}'::jsonb as g, '{{1,null},{3,4}}'::int[] as h, array['a "b"', null, 'c,d', '{e}'] as i,
    '[0:1]={t,f}'::bool[] as j, '{}'::int[] as k, 'x"y' as l, 1.10::numeric as m`;
  const values = {
    a: 1,
    b: '2',
    c: 1.5,
    d: 'NaN',
    e: true,
    f: null,
    g: { x: [1] },
    h: [
      [1, null],
      [3, 4],
    ],
    i: ['a "b"', null, 'c,d', '{e}'],
    j: [true, false],
    k: [],
    l: 'x"y',
    m: '1.10',
  };

  it('values are JSON unless raw text is asked for, rows are objects unless lists are', async () => {
    const { body } = await post(server, { query });
    expect(body).toMatchObject({ rows: [values], rowAsArray: false, command: 'SELECT', rowCount: 1 });
    const lists = await post(server, { query, arrayMode: true });
    expect(lists.body).toMatchObject({ rows: [Object.values(values)], rowAsArray: true });
    const raw = await post(server, { query }, { 'Neon-Raw-Text-Output': 'true' });
    expect(raw.body['rows']).toMatchObject([{ a: '1', e: 't', f: null, h: '{{1,NULL},{3,4}}' }]);
  });

  it('array mode is chosen by header, or per statement', async () => {
    const { body } = await post(
      server,
      { queries: [select, { ...select, arrayMode: false }] },
      { 'Neon-Array-Mode': 'true' },
    );
    expect(body).toMatchObject({ results: [{ rows: [[1]] }, { rows: [{ one: 1 }] }] });
  });

  it('parameters of any JSON type become text', async () => {
    const { body } = await post(
      server,
      `{"query": "select $1::bigint as a, $2::bool as b, $3::jsonb as c, $4::text[] as d, $5::numeric as e, $6::int[] as f",
        "params": [9007199254740993, true, {"k": 12345678901234567890}, ["a\\n\\"b\\\\", null, {"x": 1}], 1.5e3, [[1, 2], [3, 4]]]}`,
      { 'Neon-Raw-Text-Output': 'true', 'Neon-Array-Mode': 'true' },
    );
    expect(body['rows']).toEqual([
      [
        '9007199254740993',
        't',
        '{"k": 12345678901234567890}',
        '{"a\n\\"b\\\\",NULL,"{\\"x\\":1}"}',
        '1500',
        '{{1,2},{3,4}}',
      ],
    ]);
  });

  it('an error has every field, null where there is nothing to say', async () => {
    const { status, body } = await post(server, { query: 'select * from nowhere' });
    expect(status).toBe(400);
    expect(body).toEqual({
      message: 'relation "nowhere" does not exist',
      code: '42P01',
      detail: null,
      hint: null,
      position: '15',
      internalPosition: null,
      internalQuery: null,
      severity: 'ERROR',
      where: null,
      table: null,
      column: null,
      schema: null,
      dataType: null,
      constraint: null,
      file: 'parse_relation.c',
      line: expect.stringMatching(/^\d+$/),
      routine: 'parserOpenTable',
    });
  });

  it('an answer of more than 10 MiB is refused with 507, and undone in a batch', async () => {
    const large = { query: `select repeat('x', 1024 * 1024) from generate_series(1, 11)` };
    const { status, body } = await post(server, {
      queries: [{ query: 'create table undone (id int)' }, large, select],
    });
    expect(status).toBe(507);
    expect(body).toMatchObject({ message: 'response is too large (max is 10485760 bytes)' });
    expect((await post(server, { query: 'select * from undone' })).body).toMatchObject({ code: '42P01' });
  });
});
