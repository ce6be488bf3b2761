/** Online rotation of the sealing keys: what an older key sealed is sealed anew, while everything goes on. */
import type { GatedContext, VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import type { Settings } from '../../env.ts';
import { AppError } from '../../errors.ts';
import { SealError } from '../../lib/sealing.ts';
import { resealIfOld, type SealedField, sealedFor } from './vault.ts';
import type { KeyCoverage } from './views.ts';

const BATCH = 200;

interface SealedRow {
  readonly table: 'oauth_connections' | 'grant_revocations';
  readonly id: string;
  readonly owner: string;
  readonly connector: string;
  readonly accountId: string;
  readonly values: Readonly<Partial<Record<SealedField, string>>>;
}

/**
 * Puts a batch of rows under the active key. A value that was refreshed meanwhile keeps its newer one.
 * @returns how many rows were found, changed, and could not be opened
 */
export async function resealBatch(ctx: VaultContext): Promise<{ found: number; resealed: number; unreadable: number }> {
  const { all, active } = ctx.settings.tokenKeys;
  const older = [...all.keys()].filter((id) => id !== active.id);
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.values_to_reseal($1::text[], $2) as found', [`{${older.join(',')}}`, BATCH]),
  ]);
  const found = firstValue<SealedRow[]>(rows, 'found');
  if (found.length === 0) return { found: 0, resealed: 0, unreadable: 0 };
  const changes = (await Promise.all(found.map((row) => resealRow(ctx.settings, row)))).filter((row) => row !== null);
  const [result] = await ctx.systemGate(() => [
    plain('select gatehouse.reseal_values($1::jsonb) as resealed', [JSON.stringify(changes)]),
  ]);
  const unreadable = found.length - changes.length;
  if (unreadable > 0) ctx.log({ event: 'vault.unreadable', level: 'error', detail: String(unreadable) });
  return { found: found.length, resealed: firstValue<number>(result, 'resealed'), unreadable };
}

/** Null when a value does not open: it is left for somebody to look at. */
async function resealRow(settings: Settings, row: SealedRow) {
  const { table, id, values } = row;
  try {
    const fields = await Promise.all(
      Object.entries(values).map(async ([field, envelope]) => {
        const renewed = await resealIfOld(settings, envelope, sealedFor(row, field as SealedField));
        return [field, renewed ?? envelope] as const;
      }),
    );
    return { table, id, from: values, to: Object.fromEntries(fields) };
  } catch (error) {
    if (error instanceof SealError || error instanceof AppError) return null;
    throw error;
  }
}

/** Which keys the vault is sealed under: a key that no row is under can go from the ring. One trip. */
export async function getKeyCoverage(ctx: GatedContext): Promise<KeyCoverage> {
  const [rows] = await ctx.gate(() => [plain('select gatehouse.key_coverage() as coverage')]);
  const { all, active } = ctx.settings.tokenKeys;
  const found = firstValue<{ keyId: string; rows: number; isExact: boolean }[]>(rows, 'coverage');
  return {
    items: found.map((key) => ({ ...key, isActive: key.keyId === active.id, isKnown: all.has(key.keyId) })),
  };
}
