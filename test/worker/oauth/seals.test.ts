import { describe, expect, it } from 'vitest';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { change, getToken, issuer, letPass, newDue, vaultContext } from '../../support/connections.ts';
import { redemptionsOf } from '../../support/oidc-provider.ts';
import { expectVerdict, forgeries } from './forgeries.ts';

describe('a fresh token whose stored value is', () => {
  it.each(forgeries)('%s is refused, and nobody gets it', async (_, forge, code) => {
    const { person, id, grant } = await newDue();
    await change(id, { next_refresh_at: new Date(Date.now() + 300_000).toISOString() });
    await forge({ person, id }, 'access_token');
    const answer = await getToken(person, { accountId: grant.subject });
    expect([answer.code, answer.status]).toEqual([code, code === 'seal.unknown_key' ? 503 : 409]);
    expect(await answer.response.text()).not.toMatch(/gatehouse:1|accessToken/);
  });
});

describe('a refresh token whose stored value is', () => {
  it.each(forgeries)('%s is refused: by whoever asks, and the provider hears nothing', async (_, forge, code) => {
    const { person, id, grant } = await newDue();
    await letPass(id, 'expired');
    await forge({ person, id }, 'refresh_token');
    const answer = await getToken(person, { accountId: grant.subject });
    if (code === 'seal.unknown_key') {
      expect(answer.code).toBe(code);
    } else {
      expect(answer.data).toMatchObject({ status: 'needs_reauthorization', reason: 'error', code });
    }
    await expectVerdict(id, code);
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 0, failed: 0 });
  });

  it.each(forgeries)('%s is refused: by the sweep, which ends it with the evidence', async (_, forge, code) => {
    const [{ person, id, grant }, good] = [await newDue(), await newDue()];
    await forge({ person, id }, 'refresh_token');
    const { ctx, logs } = vaultContext();
    const counts = await refreshBatch(ctx, [
      [id, 1],
      [good.id, 1],
    ]);
    expect(counts).toMatchObject(
      code === 'seal.unknown_key' ? { refreshed: 1, failed: 1 } : { refreshed: 1, ended: 1 },
    );
    await expectVerdict(id, code);
    expect(await redemptionsOf(issuer, grant.refreshToken)).toMatchObject({ succeeded: 0, failed: 0 });
    // One row's matter: no breaker stops the others of its client.
    expect(logs).toEqual([]);
  });
});
