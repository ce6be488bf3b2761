/** When a provider's refusals pause a connector: by how many owners they are of, not by how many they are. */
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { refreshBatch } from '../../../src/domain/oauth/refresh-batch.ts';
import { type EmbeddedVault, startEmbeddedVault } from './embedded-vault.ts';

let vault: EmbeddedVault;
let answer: { readonly status: number; readonly retryAfter?: number };
beforeAll(async () => {
  vault = await startEmbeddedVault({
    extend: (provider) =>
      void provider.use(async (ctx, next) => {
        if (ctx.path !== '/token') return next();
        ctx.status = answer.status;
        if (answer.retryAfter !== undefined) ctx.set('retry-after', String(answer.retryAfter));
      }),
  });
});
afterAll(() => vault?.close());
beforeEach(() => vault.clear());

const refresh = (ids: readonly string[]) =>
  refreshBatch(
    vault.context(),
    ids.map((id) => [id, 1]),
  );
const pauses = () =>
  vault.owner.query('select round(extract(epoch from open_until - now()))::int as seconds from connector_breakers');

/** Connections of so many owners, each with so many. */
async function owned(owners: number, each = 1): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < owners; i += 1) ids.push(...(await vault.seed(each)));
  return ids;
}

it('five grants of one owner that fail do not pause it, nor do many of few: each waits by itself', async () => {
  answer = { status: 503 };
  for (const [owners, each] of [
    [1, 5],
    [4, 5],
  ] as const) {
    const ids = await owned(owners, each);
    expect(await refresh(ids)).toMatchObject({ failed: ids.length, released: 0 });
    expect(await pauses()).toEqual([]);
    const waiting = await vault.owner.query(
      "select from oauth_connections where failure_count = 1 and next_refresh_at > now() + interval '15 seconds'",
    );
    expect(waiting).toHaveLength(ids.length);
    await vault.clear();
  }
});

it('grants of five owners that fail pause it', async () => {
  answer = { status: 503 };
  const ids = await owned(20);
  const { failed, released } = await refresh(ids);
  expect(failed).toBeGreaterThanOrEqual(5);
  expect(failed + released).toBe(20);
  expect(released).toBeGreaterThan(0);
  expect(await pauses()).toEqual([{ seconds: expect.closeTo(60, -1) }]);
});

it.each([
  [1, 6, 1500, []],
  [2, 1, 600, [{ seconds: expect.closeTo(600, -1) }]],
  // Longer than half an hour is not believed.
  [2, 1, 86_400, [{ seconds: expect.closeTo(1800, -1) }]],
])('%i owners with %i grants each that are told 429 for %i seconds', async (owners, each, retryAfter, expected) => {
  answer = { status: 429, retryAfter };
  await refresh(await owned(owners, each));
  expect(await pauses()).toEqual(expected);
});
