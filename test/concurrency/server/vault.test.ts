import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectorSettings, type OidcProvider, startOidcProvider } from '../../../scripts/support/oidc-provider.ts';
import { connectOwner, type Owner } from '../../support/owner.ts';
import { requireServer } from '../../support/require-server.ts';
import { type RunningWorker, startWorker } from '../../support/running-worker.ts';
import { seedConnection, type SeededConnection, type VaultSettings } from '../../support/seed-vault.ts';

const REPETITIONS = 100;
/** Five thousand calls: a slow machine takes more than two minutes. */
const LONG = 400_000;

let owner: Owner;
let provider: OidcProvider;
let settings: VaultSettings & Record<string, string>;
let workers: RunningWorker[];
let network = 0;

beforeAll(async () => {
  requireServer();
  // Strict: a refresh token that is used twice ends the grant, so a second redemption could not go unseen.
  provider = await startOidcProvider({ redirectUris: ['http://localhost/oauth/callback/demo'], tokenDelayMs: 5 });
  settings = { ...(inject('worker') as never as typeof settings), ...connectorSettings(provider) };
  owner = connectOwner(settings as never);
  workers = [await startWorker(settings), await startWorker(settings)];
});
afterAll(async () => {
  await Promise.all((workers ?? []).map((worker) => worker.close()));
  await provider?.close();
});

interface TokenAnswer {
  readonly status: number;
  readonly data: { readonly status?: string; readonly accessToken?: string };
  readonly code: string | undefined;
}

async function getToken(worker: RunningWorker, { person }: SeededConnection): Promise<TokenAnswer> {
  network += 1;
  const input = encodeURIComponent(JSON.stringify({ userId: person.userId, connector: 'demo' }));
  const response = await fetch(`${worker.url}/trpc/oauth.connections.getToken?input=${input}`, {
    headers: {
      authorization: `Bearer ${person.token}`,
      'cf-connecting-ip': `10.${network >> 16}.${(network >> 8) & 255}.${network & 255}`,
    },
  });
  const body = (await response.json()) as {
    result?: { data: TokenAnswer['data'] };
    error?: { data: { appCode: string } };
  };
  return { status: response.status, data: body.result?.data ?? {}, code: body.error?.data.appCode };
}

const workerAt = (index: number): RunningWorker => {
  const worker = workers[index % workers.length];
  if (!worker) throw new Error('No Worker runs.');
  return worker;
};

/** Fifty at once, half at each Worker. */
const fifty = (connection: SeededConnection) =>
  Promise.all(Array.from({ length: 50 }, (_, i) => getToken(workerAt(i), connection)));

describe('fifty callers at two Workers, one connection that is due', () => {
  it(
    `one redemption, fifty good answers, on each of ${REPETITIONS} repetitions`,
    async () => {
      const grants = await provider.grants.seed(REPETITIONS);
      for (const grant of grants) {
        const connection = await seedConnection(owner, settings, grant);
        const answers = await fifty(connection);
        expect(answers.map(({ status, code }) => code ?? status)).toEqual(Array.from({ length: 50 }, () => 200));
        expect(new Set(answers.map(({ data }) => data.status))).toEqual(new Set(['active']));
        const tokens = new Set(answers.map(({ data }) => data.accessToken));
        expect(tokens.size).toBe(1);
        expect(tokens.has(grant.accessToken)).toBe(false);
        expect(provider.grants.redemptionsOf(grant.refreshToken)).toEqual({ succeeded: 1, failed: 0 });
        expect(await provider.grants.isAlive(grant.grantId)).toBe(true);
      }
      expect(provider.grants.totals()).toMatchObject({ mostPerToken: 1, mostPerGrant: 1 });
    },
    LONG,
  );
});
