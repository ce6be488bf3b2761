/** Online rotation of the sealing keys: what an older key sealed is sealed anew, while everything goes on. */
import type { GatedContext, VaultContext } from '../../context.ts';
import { firstValue, plain, type PlainStatement } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { SealError } from '../../lib/sealing.ts';
import { resealIfOld, type SealedField, sealedFor } from './vault.ts';
import type { KeyCoverage } from './views.ts';

export const BATCH = 200;
/** What `gatehouse.key_coverage` calls rows with a value in the clear. */
const UNSEALED = '(unsealed)';

/** A row with values that are to be sealed anew, as `gatehouse.values_to_reseal` answers it. */
export interface VaultRow {
  readonly table: 'oauth_connections' | 'user_integrations' | 'grant_revocations';
  readonly id: string;
  readonly owner: string;
  readonly connector: string;
  readonly accountId: string;
  readonly values: Readonly<Partial<Record<SealedField, string>>>;
  /** No answer holds its values, so they were left out. */
  readonly isTooLarge?: boolean;
}

/** Which job sets a row aside. */
type SealingJob = 'reseal' | 'seal';

/** What became of a batch: rows found, changed, and set aside since they could not be worked on. */
export interface ResealResult {
  readonly found: number;
  readonly resealed: number;
  readonly unreadable: number;
}

/**
 * Puts a batch of rows under the active key. A value that was refreshed meanwhile keeps its newer one. Rows that do not
 * open are set aside for an hour or more. So is a row that comes back unchanged in the same run: it was not stored, and the
 * run must end.
 * @param seen rows of this run, as they were
 */
export async function resealBatch(ctx: VaultContext, seen: Set<string>): Promise<ResealResult> {
  const { all, active } = ctx.settings.tokenKeys;
  const older = [...all.keys()].filter((id) => id !== active.id);
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.values_to_reseal($1::text[], $2) as found', [`{${older.join(',')}}`, BATCH]),
  ]);
  const found = firstValue<VaultRow[]>(rows, 'found');
  return storeSealed(ctx, { job: 'reseal', found }, (row) => {
    const mark = markOf(row);
    if (seen.has(mark)) throw new UnsealableError('unchanged');
    seen.add(mark);
    return sealAnew(row, async (value, field) => {
      return (await resealIfOld(ctx.settings, value, sealedFor(row, field))) ?? value;
    });
  });
}

/** What tells a row with these values from all others: an envelope ends with its authentication tag. */
function markOf({ table, id, values }: VaultRow): string {
  return [table, id, ...Object.values(values).map((value) => value.slice(-24))].join(' ');
}

/** A row that cannot be sealed as it is; `code` is the evidence that is kept. */
class UnsealableError extends Error {
  readonly code: 'unchanged' | 'too_large';

  constructor(code: UnsealableError['code']) {
    super(code);
    this.code = code;
  }
}

/** A row with its new values, as `gatehouse.reseal_values` takes it. */
export type SealedAnew = Omit<VaultRow, 'values'> & {
  readonly from: VaultRow['values'];
  readonly to: VaultRow['values'];
};

/** Each value of a row through `renew`, under the same names. */
export async function sealAnew(
  { values, ...row }: VaultRow,
  renew: (value: string, field: SealedField) => Promise<string>,
): Promise<SealedAnew> {
  const fields = await Promise.all(
    Object.entries(values).map(async ([field, value]) => [field, await renew(value, field as SealedField)] as const),
  );
  return { ...row, from: values, to: Object.fromEntries(fields) };
}

/**
 * Stores what `seal` makes of the rows, and sets aside those that it cannot seal. One trip; none where there are no
 * rows.
 */
export async function storeSealed<Row extends VaultRow>(
  ctx: VaultContext,
  { job, found }: { readonly job: SealingJob; readonly found: readonly Row[] },
  seal: (row: Row) => Promise<SealedAnew>,
): Promise<ResealResult> {
  if (found.length === 0) return { found: 0, resealed: 0, unreadable: 0 };
  const outcomes = await Promise.all(found.map((row) => sealedOrWhyNot(row, seal)));
  const changes = outcomes.filter((outcome) => 'to' in outcome);
  const failures = outcomes.filter((outcome) => 'code' in outcome);
  const aside: PlainStatement[] =
    failures.length === 0
      ? []
      : [plain('select from gatehouse.set_aside($1, $2::jsonb)', [job, JSON.stringify(failures)])];
  const [result] = await ctx.systemGate(() => [
    plain('select gatehouse.reseal_values($1::jsonb) as resealed', [JSON.stringify(changes)]),
    ...aside,
  ]);
  const unreadable = failures.length;
  if (unreadable > 0) ctx.log({ event: 'vault.unreadable', level: 'error', detail: String(unreadable) });
  return { found: found.length, resealed: firstValue<number>(result, 'resealed'), unreadable };
}

/** The evidence of a row whose value does not open: it is left for somebody to look at, and tried again later. */
async function sealedOrWhyNot<Row extends VaultRow>(
  row: Row,
  seal: (row: Row) => Promise<SealedAnew>,
): Promise<SealedAnew | { readonly table: string; readonly id: string; readonly code: string }> {
  const { table, id } = row;
  try {
    if (row.isTooLarge) throw new UnsealableError('too_large');
    return await seal(row);
  } catch (error) {
    if (error instanceof SealError || error instanceof AppError || error instanceof UnsealableError) {
      return { table, id, code: error.code };
    }
    throw error;
  }
}

/** Which keys the vault is sealed under: a key that no row is under can go from the ring. One trip. */
export async function getKeyCoverage(ctx: GatedContext): Promise<KeyCoverage> {
  const [rows] = await ctx.gate(() => [plain('select gatehouse.key_coverage() as coverage')]);
  const { all, active } = ctx.settings.tokenKeys;
  const found = firstValue<{ keyId: string; rows: number; isExact: boolean }[]>(rows, 'coverage');
  return {
    items: found.map((key) => ({
      ...key,
      isActive: key.keyId === active.id,
      // What is in the clear needs no key.
      isKnown: all.has(key.keyId) || key.keyId === UNSEALED,
    })),
  };
}
