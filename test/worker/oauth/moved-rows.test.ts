import { describe, expect, it } from 'vitest';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { sealedFor } from '../../../src/domain/oauth/vault.ts';
import { readSettings } from '../../../src/env.ts';
import { newId } from '../../../src/lib/ids.ts';
import { change, getToken, letPass, newDue, vaultContext, vaultRow } from '../../support/connections.ts';
import { newOrganization, newPerson } from '../../support/owner.ts';
import { call, owner, workerEnv } from '../../support/worker.ts';
import { changePart, expectVerdict, type Forgery } from './forgeries.ts';

/** Forgeries of the row around the value: the same value in another context. */
const moves: readonly (readonly [string, (of: Forgery) => Promise<unknown>])[] = [
  ['another account', ({ id }) => change(id, { account_id: `another-${newId()}` })],
];

describe('a row that was given to somebody else', () => {
  it.each(['access_token', 'refresh_token'] as const)('opens nothing there (%s)', async (field) => {
    const { id } = await newDue();
    const mallory = await newPerson(owner);
    await change(id, { user_id: mallory.userId });
    if (field === 'refresh_token') await letPass(id, 'expired');
    const answer = await getToken(mallory);
    expect(answer.code ?? (answer.data.code as string)).toBe('seal.refused');
  });

  it('opens nothing in an organisation', async () => {
    const { id } = await newDue();
    const organizationId = await newOrganization(owner);
    await change(id, { user_id: null, organization_id: organizationId });
    const { ctx } = vaultContext();
    expect(await refreshBatch(ctx, [[id, 1]])).toMatchObject({ ended: 1 });
    await expectVerdict(id, 'seal.refused');
  });

  it.each([...moves, ['another connector', ({ id }: Forgery) => change(id, { connector_id: 'google' })] as const])(
    'opens nothing as %s',
    async (_, move) => {
      const { person, id } = await newDue();
      await move({ person, id });
      const settings = { GOOGLE_CLIENT_ID: 'gatehouse', GOOGLE_CLIENT_SECRET: 'x' };
      const { ctx } = vaultContext(settings);
      expect(await refreshBatch(ctx, [[id, 1]])).toMatchObject({ ended: 1 });
      await expectVerdict(id, 'seal.refused');
    },
  );
});

describe('a client secret of the grant’s own', () => {
  it('that was sealed for somebody else is refused like a token', async () => {
    const { person, id } = await newDue();
    const other = await newDue();
    const row = await vaultRow(other.id);
    const key = { owner: String(row?.owner), connector: 'demo', accountId: String(row?.account_id) };
    const secret = await readSettings(workerEnv).sealer.seal('x', sealedFor(key, 'client_secret'));
    await change(id, { client_secret: secret });
    await letPass(id, 'expired');
    expect((await getToken(person)).data).toMatchObject({ reason: 'error', code: 'seal.refused' });
  });
});

describe('the report of keys', () => {
  it('says which rows are under which key, and which key nobody has', async () => {
    const admin = await newPerson(owner, { user: { platform_role: 'admin' } });
    const { id } = await newDue();
    for (const field of ['access_token', 'refresh_token'] as const) {
      await changePart(id, field, [2, () => 'lost-key']);
    }
    const { data } = await call<{ items: object[] }>('oauth.getKeyCoverage', undefined, admin);
    expect(data.items).toContainEqual({
      keyId: 'lost-key',
      rows: expect.any(Number),
      isExact: true,
      isActive: false,
      isKnown: false,
    });
    expect(data.items).toContainEqual(expect.objectContaining({ keyId: 'dev', isActive: true, isKnown: true }));
    const next = `next:${btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(32))))}`;
    const settings = { TOKEN_KEYS: `${String(workerEnv.TOKEN_KEYS)},${next}`, TOKEN_KEY_ACTIVE: 'next' };
    const rotating = await call<{ items: object[] }>('oauth.getKeyCoverage', undefined, { ...admin, settings });
    expect(rotating.data.items).toContainEqual(
      expect.objectContaining({ keyId: 'dev', isActive: false, isKnown: true }),
    );
  });

  it('is for administrators', async () => {
    expect((await call('oauth.getKeyCoverage', undefined, await newPerson(owner))).code).toBe('role.missing');
  });
});
