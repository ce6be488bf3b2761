/** What somebody who can write to the database may do to the vault's values. */
import { expect } from 'vitest';
import { sealedFor } from '../../../src/domain/oauth/vault.ts';
import { readSettings } from '../../../src/env.ts';
import { change, newDue, trailOf, vaultRow } from '../../support/connections.ts';
import type { Person } from '../../support/owner.ts';
import { workerEnv } from '../../support/worker.ts';

export interface Forgery {
  readonly person: Person;
  readonly id: string;
}

type Field = 'access_token' | 'refresh_token';

/** Changes one part of an envelope: gatehouse : 1 : key id : seal id : iv : ciphertext. */
export async function changePart(id: string, field: Field, [at, make]: readonly [number, (part: string) => string]) {
  const parts = String((await vaultRow(id))?.[field]).split(':');
  await change(id, { [field]: parts.with(at, make(parts[at] ?? '')).join(':') });
}

const flip = (part: string) => (part.startsWith('A') ? 'B' : 'A') + part.slice(1);
const valueOf = async (id: string, field: Field) => String((await vaultRow(id))?.[field]);

/** Each with what the service says to it. */
export const forgeries: readonly (readonly [string, (of: Forgery, field: Field) => Promise<unknown>, string])[] = [
  [
    'swapped with another user’s',
    async ({ id }, field) => {
      const other = await newDue();
      const [mine, theirs] = [await valueOf(id, field), await valueOf(other.id, field)];
      await change(other.id, { [field]: mine });
      await change(id, { [field]: theirs });
    },
    'seal.refused',
  ],
  [
    'swapped with that of another account of the same user',
    async ({ id, person }, field) => {
      const other = await newDue();
      const key = { owner: `user:${person.userId}`, connector: 'demo', accountId: 'another' };
      const value = await readSettings(workerEnv).sealer.seal('theirs', sealedFor(key, field));
      await change(other.id, { user_id: person.userId, account_id: 'another', status: 'revoked', [field]: value });
      await change(id, { [field]: value });
    },
    'seal.refused',
  ],
  [
    'of the other field',
    async ({ id }, field) =>
      change(id, { [field]: await valueOf(id, field === 'access_token' ? 'refresh_token' : 'access_token') }),
    'seal.refused',
  ],
  ['with another seal id', async ({ id }, field) => changePart(id, field, [3, flip]), 'seal.refused'],
  ['with another nonce', async ({ id }, field) => changePart(id, field, [4, flip]), 'seal.refused'],
  ['with a changed ciphertext', async ({ id }, field) => changePart(id, field, [5, flip]), 'seal.refused'],
  [
    'cut short',
    async ({ id }, field) => changePart(id, field, [5, (part) => part.slice(0, Math.floor((part.length - 1) / 4) * 4)]),
    'seal.refused',
  ],
  [
    'cut to less than a tag',
    async ({ id }, field) => changePart(id, field, [5, (part) => part.slice(0, 8)]),
    'seal.malformed',
  ],
  ['with its end missing', async ({ id }, field) => changePart(id, field, [5, () => '']), 'seal.malformed'],
  ['with another version', async ({ id }, field) => changePart(id, field, [1, () => '2']), 'seal.malformed'],
  [
    'under a key that is not there',
    async ({ id }, field) => changePart(id, field, [2, () => 'gone']),
    'seal.unknown_key',
  ],
];

/** A key that is missing may come back; any other value is lost, and only a person can mend that. */
export async function expectVerdict(id: string, code: string): Promise<void> {
  const row = await vaultRow(id);
  if (code === 'seal.unknown_key') {
    expect(row).toMatchObject({ status: 'active', version: '1', failure_count: 0, last_failure: null, lease_id: null });
    return;
  }
  expect(row).toMatchObject({
    status: 'error',
    next_refresh_at: null,
    lease_id: null,
    last_failure: { class: 'permanent', code },
  });
  expect((await trailOf(id)).at(-1)).toMatchObject({
    event: 'needs_reauthorization',
    evidence: { code, result: 'error' },
  });
}
