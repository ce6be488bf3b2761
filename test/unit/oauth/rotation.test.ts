import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { firstValue, plain } from '../../../src/db/statement.ts';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { refreshLeased } from '../../../src/domain/oauth/refresh.ts';
import { sealedFor } from '../../../src/domain/oauth/vault.ts';
import type { SealedConnection } from '../../../src/domain/oauth/vault.ts';
import { newId } from '../../../src/lib/ids.ts';
import { resealVault } from '../../../src/jobs/reseal-vault.ts';
import { revokeGrants } from '../../../src/domain/oauth/revocations.ts';
import { type EmbeddedVault, startEmbeddedVault } from './embedded-vault.ts';

let vault: EmbeddedVault;
/** The ring with a second key, which is the active one; and that key alone. */
let both: Record<string, string>;
let nextAlone: Record<string, string>;

beforeAll(async () => {
  vault = await startEmbeddedVault();
  const next = `next:${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
  both = { TOKEN_KEYS: `${vault.settings.TOKEN_KEYS},${next}`, TOKEN_KEY_ACTIVE: 'next' };
  nextAlone = { TOKEN_KEYS: next, TOKEN_KEY_ACTIVE: 'next' };
});
afterAll(() => vault?.close());
beforeEach(() => vault.clear());

interface Row {
  readonly id: string;
  readonly owner: string;
  readonly account_id: string;
  readonly version: string;
  readonly key_id: string;
  readonly access_token: string;
  readonly refresh_token: string;
}
const rows = () => vault.owner.query<Row>('select * from oauth_connections order by id');

const coverage = async () => {
  const [row] = await vault.owner.query<{ found: object }>('select gatehouse.key_coverage() as found');
  return row?.found;
};

async function lease(id: string, leaseId: string) {
  const [result] = await vault
    .context()
    .systemGate(() => [
      plain('select gatehouse.lease_connections($1::jsonb, $2::jsonb) as leased', [
        JSON.stringify([[id, 1]]),
        JSON.stringify({ id: leaseId, seconds: 60, singleUse: ['demo'] }),
      ]),
    ]);
  const [leased] = firstValue<{ connection: SealedConnection }[]>(result, 'leased');
  if (!leased) throw new Error('It was not leased.');
  return leased;
}

describe('rotating the key', () => {
  it('moves every row under the active one, in batches, and changes nothing else', async () => {
    await vault.seed(430);
    const before = await rows();
    expect(await coverage()).toEqual([{ keyId: 'dev', rows: 430, isExact: true }]);
    expect(await resealVault(vault.context(both))).toEqual({ sealed: 0, resealed: 430, unreadable: 0 });
    expect(await coverage()).toEqual([{ keyId: 'next', rows: 430, isExact: true }]);
    const after = await rows();
    expect(after.map(({ version }) => version)).toEqual(before.map(({ version }) => version));
    const [old, renewed] = [before[7], after[7]];
    const context = sealedFor(
      { owner: String(old?.owner), connector: 'demo', accountId: String(old?.account_id) },
      'refresh_token',
    );
    const opened = await vault.context(nextAlone).settings.sealer.open(String(renewed?.refresh_token), context);
    expect(opened).toBe(await vault.context().settings.sealer.open(String(old?.refresh_token), context));
    expect(await resealVault(vault.context(both))).toEqual({ sealed: 0, resealed: 0, unreadable: 0 });
  });

  it('is had for nothing by each refresh', async () => {
    const [id = ''] = await vault.seed(1);
    expect(await refreshBatch(vault.context(both), [[id, 1]])).toMatchObject({ refreshed: 1 });
    expect(await rows()).toMatchObject([{ key_id: 'next', version: '2' }]);
  });

  it('loses no refresh that is on its way', async () => {
    const [id = ''] = await vault.seed(1);
    const leaseId = newId();
    const leased = await lease(id, leaseId);
    expect(await resealVault(vault.context(both))).toEqual({ sealed: 0, resealed: 1, unreadable: 0 });
    // By a Worker that was not deployed anew yet: it knows the old key alone.
    expect(await refreshLeased(vault.context(), leased, leaseId)).toMatchObject({ kind: 'refreshed' });
    expect(await rows()).toMatchObject([{ key_id: 'dev', version: '2' }]);
    expect(await resealVault(vault.context(both))).toEqual({ sealed: 0, resealed: 1, unreadable: 0 });
    expect(await rows()).toMatchObject([{ key_id: 'next', version: '2' }]);
  });

  it('never puts an older token over a newer one', async () => {
    const [id = ''] = await vault.seed(1);
    const [before] = await rows();
    await refreshBatch(vault.context(), [[id, 1]]);
    const [refreshed] = await rows();
    const stale = {
      table: 'oauth_connections',
      id,
      from: { access_token: before?.access_token, refresh_token: before?.refresh_token },
      to: { access_token: 'gatehouse:1:next:stale', refresh_token: 'gatehouse:1:next:stale' },
    };
    await vault.owner.query('select gatehouse.reseal_values($1::jsonb)', [JSON.stringify([stale])]);
    expect((await rows())[0]).toMatchObject({
      access_token: refreshed?.access_token,
      refresh_token: refreshed?.refresh_token,
    });
  });

  it('takes along what waits to be revoked, which still can be', async () => {
    const [id = ''] = await vault.seed(1);
    await vault.owner.query(
      'select gatehouse.release_connections(user_id, null) from oauth_connections where id = $1',
      [id],
    );
    expect(await coverage()).toEqual([{ keyId: 'dev', rows: 1, isExact: true }]);
    expect(await resealVault(vault.context(both))).toEqual({ sealed: 0, resealed: 1, unreadable: 0 });
    expect(await coverage()).toEqual([{ keyId: 'next', rows: 1, isExact: true }]);
    expect(await revokeGrants(vault.context(nextAlone))).toEqual({ ended: 1, postponed: 0 });
  });

  it('leaves what does not open where it is, says so, and goes on with the rest', async () => {
    const [spoilt = '', mixed = ''] = await vault.seed(5);
    await vault.owner.query(
      `update oauth_connections set refresh_token = replace(refresh_token, 'gatehouse:1:dev:', 'gatehouse:1:gone:')
       where id = $1`,
      [mixed],
    );
    await vault.owner.query("update oauth_connections set access_token = access_token || 'AAAA' where id = $1", [
      spoilt,
    ]);
    expect(await resealVault(vault.context(both))).toEqual({ sealed: 0, resealed: 3, unreadable: 2 });
    expect(vault.logs).toContainEqual({ event: 'vault.unreadable', level: 'error', detail: '2' });
    expect(await coverage()).toEqual([
      { keyId: '?', rows: 1, isExact: true },
      { keyId: 'dev', rows: 1, isExact: true },
      { keyId: 'next', rows: 3, isExact: true },
    ]);
  });
});
