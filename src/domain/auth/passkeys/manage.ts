import { and, asc, eq, sql } from 'drizzle-orm';
import type { GatedContext } from '../../../context.ts';
import { ownedByUser } from '../../../db/columns.ts';
import { isFirst, keepChange } from '../../../db/once.ts';
import { passkeys } from '../../../db/schema/index.ts';
import { fixed, plain } from '../../../db/statement.ts';
import { AppError } from '../../../errors.ts';
import { fromHex, toBase64Url } from '../../../lib/secrets.ts';
import { applyChange, newChange } from '../changes.ts';
import { providerNames } from '../social/providers.ts';
import type { PasskeyView, RenamePasskeyInput } from './views.ts';

const columns = {
  id: passkeys.id,
  credentialId: sql<string>`encode(${passkeys.credentialId}, 'hex')`,
  name: passkeys.deviceName,
  backedUp: passkeys.backedUp,
  transports: sql<string[]>`coalesce(${passkeys.transports}, '[]')`,
  createdAt: passkeys.createdAt,
  lastUsedAt: passkeys.lastUsedAt,
};

const ownPasskeys = fixed((db) =>
  db
    .select(columns)
    .from(passkeys)
    .where(ownedByUser(passkeys.userId))
    .orderBy(asc(passkeys.createdAt), asc(passkeys.id)),
);

/** The subject's passkeys, oldest first; ten at the most. */
export async function listPasskeys(ctx: GatedContext): Promise<PasskeyView[]> {
  const [rows] = await ctx.gate((db) => [ownPasskeys(db)]);
  return rows.map(viewOf);
}

/** Names a passkey of the subject. Sent again it names nothing. @throws passkey.not_found */
export async function renamePasskey(ctx: GatedContext, input: RenamePasskeyInput): Promise<PasskeyView> {
  const named = and(ownedByUser(passkeys.userId), eq(passkeys.id, input.passkeyId));
  const [, , [row]] = await ctx.gate((db) => [
    db.update(passkeys).set({ deviceName: input.name }).where(and(named, isFirst)),
    keepChange(db, passkeys, named),
    db.select(columns).from(passkeys).where(named),
  ]);
  if (!row) throw new AppError('passkey.not_found');
  return viewOf(row);
}

/** Removes a passkey of the subject, and tells the owner. @throws passkey.not_found, credential.last */
export async function deletePasskey(ctx: GatedContext, passkeyId: string): Promise<void> {
  const change = await newChange(ctx, 'passkey');
  const params = [passkeyId, `{${providerNames(ctx).join(',')}}`, JSON.stringify(change.facts)];
  const statement = plain('select gatehouse.remove_passkey($1::uuid, $2::text[], $3::jsonb) as answer', params);
  await applyChange(ctx, change, { statement, done: 'removed' });
}

function viewOf(row: PasskeyView): PasskeyView {
  return { ...row, credentialId: toBase64Url(fromHex(row.credentialId)) };
}
