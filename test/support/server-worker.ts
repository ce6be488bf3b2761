import { inject } from 'vitest';
import { connectOwner, type Owner } from './owner.ts';
import { type DroppingProxy, startDroppingProxy } from './dropping-proxy.ts';
import { requireServer } from './require-server.ts';
import { startWorker } from './running-worker.ts';

/** What a tRPC call gives. */
export interface Answer {
  readonly status: number;
  readonly data: Record<string, string>;
  readonly code: string | undefined;
}

/** The built Worker on workerd, a PostgreSQL server behind it, and between them a proxy that can lose answers. */
export interface ServerWorker {
  readonly url: string;
  readonly owner: Owner;
  readonly ownerUrl: string;
  readonly proxy: DroppingProxy;
  /** Calls a procedure, from a network of its own. */
  call(path: string, input?: unknown, given?: { readonly token?: string; readonly key?: string }): Promise<Answer>;
  /** The newest mail to an address: its link's token and its code. */
  readMail(to: string): Promise<{ token: string; code: string }>;
  close(): Promise<void>;
}

/** Starts it. Refuses to run on the embedded database, where nothing is concurrent. */
export async function startServerWorker(): Promise<ServerWorker> {
  requireServer();
  const settings = inject('worker');
  const proxy = await startDroppingProxy(settings.NEON_SQL_ENDPOINT ?? '');
  const worker = await startWorker({ ...settings, NEON_SQL_ENDPOINT: proxy.url });
  let network = Math.floor(Math.random() * 2 ** 16);
  const call: ServerWorker['call'] = async (path, input, given = {}) => {
    network = (network + 1) % 2 ** 24;
    const isQuery = /\.(get|list)/.test(path);
    const response = await fetch(`${worker.url}/trpc/${path}`, {
      method: isQuery ? 'GET' : 'POST',
      headers: {
        'content-type': 'application/json',
        'cf-connecting-ip': `10.${network >> 16}.${(network >> 8) & 255}.${network & 255}`,
        ...(given.token && { authorization: `Bearer ${given.token}` }),
        ...(given.key && { 'idempotency-key': given.key }),
      },
      body: isQuery ? undefined : JSON.stringify(input ?? {}),
    });
    const body = (await response.json()) as {
      result?: { data: Record<string, string> };
      error?: { data: { appCode: string } };
    };
    return { status: response.status, data: body.result?.data ?? {}, code: body.error?.data.appCode };
  };
  const readMail: ServerWorker['readMail'] = async (to) => {
    const mailbox = await fetch(`${worker.url}/dev/mailbox.json?to=${encodeURIComponent(to)}`);
    const { items } = (await mailbox.json()) as { items: { text: string }[] };
    const text = items[0]?.text ?? '';
    return { token: /#token=([\w-]+)/.exec(text)?.[1] ?? '', code: /^(\d{6})$/m.exec(text)?.[1] ?? '' };
  };
  const close = async () => {
    await worker.close();
    await proxy.close();
  };
  return {
    url: worker.url,
    owner: connectOwner(settings as never),
    ownerUrl: settings.OWNER_URL,
    proxy,
    call,
    readMail,
    close,
  };
}
