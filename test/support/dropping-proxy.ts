import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands between the Worker and its database, and loses answers: the request arrived and was committed. */
export interface DroppingProxy {
  readonly url: string;
  /** How many of the next answers are lost. */
  dropNext(count: number): void;
  /** While set, nothing is passed on: as if the database could not be reached. */
  refuse(isRefusing: boolean): void;
  /** Requests that arrived. */
  count(): number;
  close(): Promise<void>;
}

export async function startDroppingProxy(target: string): Promise<DroppingProxy> {
  let toDrop = 0;
  let arrived = 0;
  let isRefusing = false;
  const server: Server = createServer((request, response) => {
    if (isRefusing) {
      request.socket.destroy();
      return;
    }
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => void forward());
    const forward = async () => {
      arrived += 1;
      const headers = Object.entries(request.headers).filter(
        ([name]) => name.startsWith('neon-') || name === 'content-type',
      );
      const answer = await fetch(target, {
        method: 'POST',
        headers: Object.fromEntries(headers) as Record<string, string>,
        body: Buffer.concat(chunks),
      });
      const body = await answer.text();
      if (toDrop > 0) {
        toDrop -= 1;
        request.socket.destroy();
        return;
      }
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(body);
    };
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sql`,
    dropNext: (count) => void (toDrop = count),
    refuse: (refusing) => void (isRefusing = refusing),
    count: () => arrived,
    close: () => new Promise((done) => void (server.closeAllConnections(), server.close(() => done()))),
  };
}
