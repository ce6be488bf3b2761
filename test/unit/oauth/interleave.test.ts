import { expect, it } from 'vitest';
import { interleave } from '../../../src/domain/oauth/refresh-batch.ts';
import type { Leased } from '../../../src/domain/oauth/refresh-failure.ts';
import type { SealedConnection } from '../../../src/domain/oauth/vault.ts';

function leased(connector: string, id: string): Leased {
  const connection: SealedConnection = {
    id,
    owner: 'user:ada',
    connector,
    accountId: 'ada',
    clientId: null,
    clientSecret: null,
    breakerKey: '',
    accessToken: '',
    refreshToken: null,
    tokenType: 'Bearer',
    scopes: '',
    status: 'active',
    version: 1,
    parameters: {},
    expiresAt: null,
    secondsLeft: null,
    failureCount: 0,
    lastFailure: null,
  };
  return { connection };
}

const order = (rows: Leased[]) => interleave(rows).map(({ connection }) => connection.id);

it('a batch takes one of each connector in turn, so that a slow provider does not hold all six places', () => {
  const rows = [
    ...['g1', 'g2', 'g3', 'g4'].map((id) => leased('google', id)),
    ...['s1', 's2'].map((id) => leased('slack', id)),
    leased('demo', 'd1'),
  ];
  expect(order(rows)).toEqual(['g1', 's1', 'd1', 'g2', 's2', 'g3', 'g4']);
});

it('a batch loses none and doubles none', () => {
  const rows = Array.from({ length: 50 }, (_, i) => leased(`c${(i * 7) % 5}`, String(i)));
  expect(order(rows).toSorted()).toEqual(rows.map(({ connection }) => connection.id).toSorted());
  expect(order([])).toEqual([]);
});
