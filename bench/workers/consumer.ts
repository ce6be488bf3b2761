import { AsyncLocalStorage } from 'node:async_hooks';
import worker from '../../src/worker.ts';
import type { Env } from '../../src/env.ts';
import type { VaultMessage } from '../../src/domain/oauth/vault-message.ts';
import { Connections } from './connections.ts';

export * from '../../src/worker.ts';

const invocations = new AsyncLocalStorage<Connections>();
const send = globalThis.fetch;
globalThis.fetch = ((...args: Parameters<typeof send>) => {
  const connections = invocations.getStore();
  return connections ? connections.use(() => send(...args)) : send(...args);
}) as typeof fetch;

async function limited(work: () => Promise<void>): Promise<void> {
  const connections = new Connections();
  await invocations.run(connections, work);
  const { most, heldBack } = connections;
  console.log(JSON.stringify({ event: 'bench.connections', most, heldBack }));
}

/** The Worker as it is, its jobs held to six connections an invocation. */
export default {
  fetch: worker.fetch,
  scheduled: (controller, env) => limited(() => worker.scheduled(controller, env)),
  queue: (batch, env) => limited(() => worker.queue(batch, env)),
} satisfies ExportedHandler<Env, VaultMessage>;
