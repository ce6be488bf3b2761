/** A vault with a database and a provider of its own, worked on as the jobs do: sweeps see every row there is. */
import { inject } from 'vitest';
import { freshSecrets, workerSettings } from '../../scripts/support/dev-settings.ts';
import {
  connectorSettings,
  type OidcProvider,
  type OidcProviderOptions,
  startOidcProvider,
} from '../../scripts/support/oidc-provider.ts';
import { startStack } from '../../scripts/support/stack.ts';
import type { LogEvent, VaultContext } from '../../src/context.ts';
import { connect } from '../../src/db/client.ts';
import { systemGate } from '../../src/db/gate.ts';
import type { VaultMessage } from '../../src/domain/oauth/vault-message.ts';
import { refreshBatch } from '../../src/domain/oauth/refresh-batch.ts';
import { readSettings } from '../../src/env.ts';
import { enqueueDueConnections } from '../../src/jobs/enqueue-due-connections.ts';
import { createDatabase } from './database.ts';
import { connectOwner, type Owner } from './owner.ts';
import { type DroppingProxy, startDroppingProxy } from './dropping-proxy.ts';
import { requireServer } from './require-server.ts';
import { seedConnections } from './seed-vault.ts';

export interface OwnVault {
  readonly owner: Owner;
  readonly provider: OidcProvider;
  readonly settings: Record<string, string>;
  /** Between the vault and its database. */
  readonly database: DroppingProxy;
  readonly logs: LogEvent[];
  /** What was sent to the queue and not taken yet. */
  readonly queue: VaultMessage[];
  /** The context of a job, with some settings changed. */
  context(changes?: Record<string, string>): VaultContext;
  /** Due connections, each of a user of its own. */
  seed(count: number): Promise<string[]>;
  /** One run of cron, and all that the queue then brings. */
  sweep(ctx: VaultContext): Promise<void>;
  /** As if so much time had gone by. */
  letPass(minutes: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts it on the PostgreSQL server of the run. */
export async function startOwnVault(given: Partial<OidcProviderOptions> = {}): Promise<OwnVault> {
  const database = await createDatabase(requireServer(), `gatehouse_vault_${process.pid}_${Date.now()}`);
  // Logins belong to the cluster: other ones here would lock out the Workers of other tests.
  const passwords = passwordsOf(inject('worker'));
  const stack = await startStack({ postgres: database.url, passwords });
  const proxy = await startDroppingProxy(stack.neon.url);
  const provider = await startOidcProvider({ redirectUris: ['http://localhost/oauth/callback/demo'], ...given });
  const secrets = freshSecrets();
  const settings = workerSettings(
    secrets,
    { ...stack.settings, NEON_SQL_ENDPOINT: proxy.url, ...connectorSettings(provider) },
    'http://localhost:8787',
  ) as Record<string, string>;
  const owner = connectOwner({ OWNER_URL: stack.ownerUrl, NEON_SQL_ENDPOINT: proxy.url });
  const logs: LogEvent[] = [];
  const queue: VaultMessage[] = [];
  const REFRESH_QUEUE = {
    send: async (body: VaultMessage) => void queue.push(body),
    sendBatch: async (messages: Iterable<{ body: VaultMessage }>) => {
      for (const { body } of messages) queue.push(body);
    },
  };
  const context = (changes: Record<string, string> = {}): VaultContext => {
    const env = { ...settings, ...changes };
    return {
      settings: readSettings(env as never),
      bindings: { REFRESH_QUEUE } as never,
      systemGate: systemGate(connect(env.SERVICE_DATABASE_URL ?? '', env.NEON_SQL_ENDPOINT)),
      log: (event) => void logs.push(event),
    };
  };
  return {
    owner,
    provider,
    settings,
    database: proxy,
    logs,
    queue,
    context,
    seed: (count) => seedDue(owner, { provider, settings, count }),
    sweep: async (ctx) => {
      await enqueueDueConnections(ctx);
      await drain(ctx, queue);
    },
    letPass: async (minutes) => {
      for (const statement of timeShift) await owner.query(statement, [minutes]);
    },
    close: async () => {
      await provider.close();
      await proxy.close();
      await stack.close();
      await database.drop();
    },
  };
}

/** The passwords of the Worker’s logins: they belong to the cluster, and other tests of it sign in with them. */
export function passwordsOf(settings: Record<string, string>): { app: string; service: string } {
  const passwordOf = (url = '') => decodeURIComponent(new URL(url).password);
  return { app: passwordOf(settings.DATABASE_URL), service: passwordOf(settings.SERVICE_DATABASE_URL) };
}

/** What carries new tokens stays, for the test to deliver. */
async function drain(ctx: VaultContext, queue: VaultMessage[]): Promise<void> {
  const messages = queue.splice(0);
  queue.push(...messages.filter(({ kind }) => kind !== 'refresh'));
  for (const message of messages) {
    if (message.kind === 'refresh') await refreshBatch(ctx, message.rows);
  }
}

const timeShift = [
  `update oauth_connections set next_refresh_at = next_refresh_at - make_interval(mins => $1),
     expires_at = expires_at - make_interval(mins => $1), lease_until = lease_until - make_interval(mins => $1),
     last_refresh_at = last_refresh_at - make_interval(mins => $1)`,
  `update connector_breakers set opened_at = opened_at - make_interval(mins => $1),
     open_until = open_until - make_interval(mins => $1)`,
];

async function seedDue(
  owner: Owner,
  {
    provider,
    settings,
    count,
  }: { readonly provider: OidcProvider; readonly settings: Record<string, string>; readonly count: number },
): Promise<string[]> {
  const users = await owner.query<{ id: string }>(
    'insert into users (id) select gen_random_uuid()::text from generate_series(1, $1::integer) returning id',
    [count],
  );
  const grants = await provider.grants.seed(count);
  return seedConnections(owner, settings as never, { userIds: users.map(({ id }) => id), grants });
}
