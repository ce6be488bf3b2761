import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request as sendRequest,
  type ServerResponse,
} from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FrontDoor, openFrontDoor } from '../../../scripts/support/front-door.ts';

/** What arrived behind the door. */
const arrived: { method?: string; url?: string; headers: IncomingHttpHeaders; body: string }[] = [];
const behind = createServer((request, response) => void answer(request, response));
let door: FrontDoor;

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let body = '';
  for await (const chunk of request as AsyncIterable<Buffer>) body += chunk.toString();
  arrived.push({ method: request.method, url: request.url, headers: request.headers, body });
  response.setHeader('set-cookie', ['a=1', 'b=2']);
  response.writeHead(207, { 'x-answer': 'yes' }).end(`answer to ${body}`);
}

beforeAll(async () => {
  await new Promise<void>((done) => behind.listen(0, '127.0.0.1', () => done()));
  door = await openFrontDoor(0, { port: (behind.address() as AddressInfo).port });
});
afterAll(async () => {
  await door.close();
  behind.close();
  behind.closeAllConnections();
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

function ask(path: string, headers: Record<string, string> = {}, { method = 'GET', body = '' } = {}): Promise<Answer> {
  return new Promise((done, refuse) => {
    const request = sendRequest({ host: '127.0.0.1', port: door.port, path, method, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => done({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    request.on('error', refuse).end(body);
  });
}

it('passes on what is for the Worker, with its Host, and the answer with each of its cookies', async () => {
  const headers = { host: 'localhost:8787', 'cf-connecting-ip': '10.0.0.1', 'content-type': 'text/plain' };
  const answer = await ask('/trpc/x?input=%7B%7D', headers, { method: 'POST', body: 'hello' });
  expect(answer).toMatchObject({ status: 207, body: 'answer to hello' });
  expect(answer.headers).toMatchObject({ 'x-answer': 'yes', 'set-cookie': ['a=1', 'b=2'] });
  expect(arrived.at(-1)).toMatchObject({ method: 'POST', url: '/trpc/x?input=%7B%7D', headers, body: 'hello' });
});

it.each([
  'evil.example:8787',
  'app.localhost:8787',
  'localhost.evil.example',
  '127.0.0.1.evil.example:8787',
  '10.0.0.1:8787',
  'localhost.:8787',
])('DNS rebinding: a request for %s stays outside', async (host) => {
  const before = arrived.length;
  for (const path of ['/dev/mailbox.json', '/__scheduled', '/']) {
    // What wrangler would believe over the Host.
    for (const extra of [{ accept: '*/*' }, { 'mf-original-url': 'http://localhost:8787/dev/mailbox.json' }] as Record<
      string,
      string
    >[]) {
      const answer = await ask(path, { host, ...extra });
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: 'host.untrusted' } });
    }
  }
  expect(arrived).toHaveLength(before);
});

it('what wrangler says to itself is not taken from a client', async () => {
  await ask('/x', { 'MF-Original-URL': 'http://localhost/__scheduled', 'mf-route-override': 'x', 'x-other': 'y' });
  expect(Object.keys(arrived.at(-1)?.headers ?? {}).filter((name) => name.startsWith('mf-'))).toEqual([]);
  expect(arrived.at(-1)?.headers).toMatchObject({ 'x-other': 'y' });
});

it.each([
  '/__scheduled?cron=*',
  '/cdn-cgi/handler/scheduled?cron=*',
  '/cdn-cgi/local/scheduled',
  '/cdn-cgi/mf/scheduled',
  '/cdn-cgi/explorer/api',
  '/CDN-CGI/local/scheduled',
  '/./cdn-cgi/local/scheduled',
  '/%2e/cdn-cgi/local/scheduled',
  '/x/..//../cdn-cgi/local/scheduled',
  '/\\..\\cdn-cgi/local/scheduled',
  '/__cf_local/stream',
])('nobody fires a cron event, or reaches another thing of wrangler, by %s', async (path) => {
  const before = arrived.length;
  expect((await ask(path)).status).toBe(404);
  expect(arrived).toHaveLength(before);
});

it('nor by a whole address in the first line, or an upgrade of the connection', async () => {
  const before = arrived.length;
  expect((await ask('http://localhost/__scheduled')).status).toBe(404);
  expect((await ask('*', {}, { method: 'OPTIONS' })).status).toBe(404);
  expect(arrived).toHaveLength(before);
  const answer = await new Promise<string>((done) => {
    const lines = ['GET /x HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', 'Upgrade: websocket', '', ''];
    const socket = connect(door.port, '127.0.0.1', () => socket.write(lines.join('\r\n')));
    socket.once('data', (data) => {
      socket.destroy();
      done(data.toString());
    });
  });
  expect(answer).toMatch(/^HTTP\/1.1 207/);
  expect(arrived.at(-1)?.headers.upgrade).toBeUndefined();
});

it('says so when nothing stands behind it', async () => {
  const lonely = await openFrontDoor(0, { port: 1 });
  const response = await fetch(`http://127.0.0.1:${lonely.port}/health`);
  await lonely.close();
  expect(response.status).toBe(502);
});
