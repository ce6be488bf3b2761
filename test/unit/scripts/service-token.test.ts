import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, inject, it, onTestFinished } from 'vitest';
import { chosenSettings, freshSecrets, keptSecrets, workerSettings } from '../../../scripts/support/dev-settings.ts';
import { exampleCall, liveServiceToken } from '../../../scripts/support/service-token.ts';
import { listProcedures } from '../../../src/http/rest/procedures.ts';
import { isApiToken } from '../../../src/lib/api-token.ts';
import { sha256Hex } from '../../../src/lib/secrets.ts';
import { appRouter } from '../../../src/routers/index.ts';
import { scopesFor } from '../../../src/scopes.ts';
import { connectOwner } from '../../support/owner.ts';

const { OWNER_URL, NEON_SQL_ENDPOINT = '' } = inject('worker');
const development = { MIGRATION_DATABASE_URL: OWNER_URL, NEON_SQL_ENDPOINT };
const owner = connectOwner({ OWNER_URL, NEON_SQL_ENDPOINT });

let file: string;
beforeEach(() => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-secrets-'));
  file = join(folder, 'secrets.json');
  onTestFinished(() => rmSync(folder, { recursive: true }));
});

const rowOf = async (token: string) =>
  owner.query<{ scopes: string[]; days: number }>(
    `select kind, scopes, revoked_at, round(extract(epoch from expires_at - now()) / 86400)::float8 as days
       from api_tokens where token_hash = $1`,
    [await sha256Hex(token)],
  );

describe('the service token of a development server', () => {
  it('is live, with every scope, for a year', async () => {
    const token = await liveServiceToken(development, file);
    expect(isApiToken(token)).toBe(true);
    expect(await rowOf(token)).toEqual([
      { kind: 'service', scopes: scopesFor('service'), revoked_at: null, days: 365 },
    ]);
  });

  it('is the same at the next start, and then good for another year', async () => {
    const token = await liveServiceToken(development, file);
    await owner.query(`update api_tokens set expires_at = now(), scopes = '[]' where token_hash = $1`, [
      await sha256Hex(token),
    ]);
    expect(await liveServiceToken(development, file)).toBe(token);
    expect(await rowOf(token)).toMatchObject([{ scopes: scopesFor('service'), days: 365 }]);
  });

  it('is another one once it was revoked', async () => {
    const revoked = await liveServiceToken(development, file);
    await owner.query('update api_tokens set revoked_at = now() where token_hash = $1', [await sha256Hex(revoked)]);
    const token = await liveServiceToken(development, file);
    expect(token).not.toBe(revoked);
    expect(await rowOf(token)).toMatchObject([{ revoked_at: null }]);
    expect(await rowOf(revoked)).toMatchObject([{ revoked_at: expect.anything() }]);
    expect(await liveServiceToken(development, file)).toBe(token);
  });

  it('comes with a line that reads something from a route there is', () => {
    const line = exampleCall('http://localhost:8787', 'gtk_x');
    const path =
      /^curl -H 'authorization: Bearer gtk_x' http:\/\/localhost:8787\/v1(\/\S+)( # .+)?$/.exec(line)?.[1] ?? '';
    const reads = listProcedures(appRouter).filter(({ meta }) => meta.openapi?.method === 'GET');
    const routes = reads.map(({ meta }) => new RegExp(`^${meta.openapi?.path.replace(/\{\w+\}/g, '[A-Z]+')}$`));
    expect(routes.some((route) => route.test(path))).toBe(true);
  });
});

describe('the kept secrets', () => {
  it('stay the same, and are their owner’s alone', () => {
    const secrets = keptSecrets(file);
    expect(keptSecrets(file)).toEqual(secrets);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('of an older start gain what it did not know, and lose nothing', () => {
    const { serviceToken: _, ...older } = freshSecrets();
    writeFileSync(file, JSON.stringify(older));
    expect(keptSecrets(file)).toMatchObject(older);
    expect(isApiToken((JSON.parse(readFileSync(file, 'utf8')) as { serviceToken: string }).serviceToken)).toBe(true);
  });

  it('do not all go to the Worker: it is given no token and no owner', () => {
    const secrets = freshSecrets();
    const given = JSON.stringify(workerSettings(secrets, {}, 'http://localhost:8787'));
    expect(given).toContain(secrets.LOOKUP_KEYS);
    expect(given).not.toContain(secrets.serviceToken);
    expect(given).not.toContain('MIGRATION_DATABASE_URL');
  });
});

describe('the environment of npm run dev', () => {
  it('chooses harmless settings alone, and an empty one is none', () => {
    const chosen = { TRUSTED_ORIGINS: 'http://localhost:5173', PRODUCT_NAME: 'Acme' };
    const others = { SIGN_UP: '', DATABASE_URL: 'postgresql://elsewhere', TOKEN_KEYS: 'k', ENVIRONMENT: 'production' };
    expect(chosenSettings({ ...chosen, ...others })).toEqual(chosen);
  });
});
