import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { buffer } from 'node:stream/consumers';
import { DeliveryQueue } from './queue.ts';
import type { QueueSettings } from './queue-delivery.ts';
import { readMessages } from './queue-messages.ts';

/** A queue that outlives the Workers which send to it and take from it. */
export interface QueueBroker {
  readonly queue: DeliveryQueue;
  /** Where workerd's queue binding sends to: host and port. */
  readonly address: string;
  /** Refuses what is sent from now on (503), or takes it again. */
  refuse(isRefusing: boolean): void;
  close(): Promise<void>;
}

/** Starts a queue on loopback, as the service behind workerd's queue bindings. */
export async function startQueueBroker(settings: QueueSettings): Promise<QueueBroker> {
  const queue = new DeliveryQueue(settings);
  let isRefusing = false;
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    const take = (body: Buffer) => {
      if (isRefusing) return void response.writeHead(503).end();
      queue.send(readMessages(request.url ?? '', request.headers, body));
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ metadata: { metrics: { backlogCount: queue.pending().length, backlogBytes: 0 } } }),
      );
    };
    buffer(request).then(take, () => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () =>
    new Promise<void>((done) => {
      queue.pause();
      server.close(() => done());
      server.closeAllConnections();
    });
  const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { queue, address, refuse: (refusing) => void (isRefusing = refusing), close };
}
