/** A vault with an embedded database and a provider of its own: what works on every row there is disturbs nobody. */
import { freshSecrets, workerSettings } from '../../../scripts/support/dev-settings.ts';
import {
  connectorSettings,
  type OidcProvider,
  type OidcProviderOptions,
  startOidcProvider,
} from '../../../scripts/support/oidc-provider.ts';
import { startStack } from '../../../scripts/support/stack.ts';
import type { LogEvent, VaultContext } from '../../../src/context.ts';
import type { VaultMessage } from '../../../src/domain/oauth/vault-message.ts';
import type { Env } from '../../../src/env.ts';
import { jobContext } from '../../../src/jobs/context.ts';
import { connectOwner, newPerson, type Owner } from '../../support/owner.ts';
import { seedConnections, type VaultSettings } from '../../support/seed-vault.ts';

export interface EmbeddedVault {
  readonly owner: Owner;
  readonly provider: OidcProvider;
  readonly settings: VaultSettings;
  readonly logs: LogEvent[];
  /** What was sent to the queue. */
  readonly sent: VaultMessage[];
  /** What a job works with, some settings changed. */
  context(changes?: Record<string, string>): VaultContext;
  /** Connections that are due, all of one new user. */
  seed(count: number): Promise<string[]>;
  /** Takes everything out of the vault. */
  clear(): Promise<void>;
  close(): Promise<void>;
}

export async function startEmbeddedVault({ extend }: Pick<OidcProviderOptions, 'extend'> = {}): Promise<EmbeddedVault> {
  const stack = await startStack();
  const provider = await startOidcProvider({ extend, redirectUris: ['http://localhost/oauth/callback/demo'] });
  const addresses = { ...stack.settings, ...connectorSettings(provider) };
  const settings = workerSettings(freshSecrets(), addresses, 'http://localhost:8787') as Record<string, string> &
    VaultSettings;
  const owner = connectOwner({ OWNER_URL: stack.ownerUrl, NEON_SQL_ENDPOINT: stack.neon.url });
  const logs: LogEvent[] = [];
  const sent: VaultMessage[] = [];
  const REFRESH_QUEUE = {
    send: async (body: VaultMessage) => void sent.push(body),
    sendBatch: async (messages: Iterable<{ body: VaultMessage }>) => {
      for (const { body } of messages) sent.push(body);
    },
  };
  return {
    owner,
    provider,
    settings,
    logs,
    sent,
    context: (changes = {}) => ({
      ...jobContext({ ...settings, ...changes, REFRESH_QUEUE } as unknown as Env),
      log: (event) => void logs.push(event),
    }),
    seed: async (count) => {
      const { userId } = await newPerson(owner);
      const grants = await provider.grants.seed(count);
      return seedConnections(owner, settings, { userIds: grants.map(() => userId), grants });
    },
    clear: async () => {
      await owner.query('delete from user_integrations');
      await owner.query('delete from oauth_connections');
      await owner.query('delete from grant_revocations');
      await owner.query('delete from connector_breakers');
      sent.length = 0;
      logs.length = 0;
    },
    close: async () => {
      await provider.close();
      await stack.close();
    },
  };
}
