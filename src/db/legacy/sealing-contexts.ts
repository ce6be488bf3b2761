/** What the sealed values of a legacy user belong to. */
import { unverifiedAccount } from '../../domain/integrations/unverified-account.ts';
import { type SealedField, sealedFor } from '../../domain/oauth/vault.ts';
import type { SealContext } from '../../lib/sealing.ts';
import type { Slot } from './columns.ts';

/** The connector whose grants both Gmail and Google Calendar are. */
export const CONNECTOR = 'google';

const accounts = new Map<Slot, string>();

/** What stands for the unknown account of a slot's grants: the same for all users, so it is worked out once. */
export async function accountOf(slot: Slot): Promise<string> {
  const account = accounts.get(slot) ?? (await unverifiedAccount(slot, null));
  accounts.set(slot, account);
  return account;
}

/** A token or client secret of the vault. */
export async function tokenContext(userId: string, slot: Slot, field: SealedField): Promise<SealContext> {
  const accountId = await accountOf(slot);
  return sealedFor({ owner: `user:${userId}`, connector: CONNECTOR, accountId }, field);
}

/** `auth_code` or `credentials` of an integration. */
export function integrationContext(
  userId: string,
  slot: Slot,
  value: { readonly field: 'auth_code' | 'credentials'; readonly externalUserId: string | null },
): SealContext {
  return sealedFor({ owner: `user:${userId}`, connector: slot, accountId: value.externalUserId ?? '' }, value.field);
}

/** A secret of a column that we have no place for, in `users.metadata`. */
export function metadataContext(userId: string, column: string): SealContext {
  return { owner: `user:${userId}`, connector: 'legacy', field: column };
}
