/** The vault's values: what a connection is to the Worker, and how its tokens are sealed and opened. */
import type { TokenSet } from '../../connectors/types.ts';
import type { Settings } from '../../env.ts';
import { AppError } from '../../errors.ts';
import type { StoredFailure } from '../../db/schema/oauth.ts';
import { isSealed, type SealContext, SealError } from '../../lib/sealing.ts';

/** A row of the vault, as `gatehouse.sealed_connection` answers it. */
export interface SealedConnection {
  readonly id: string;
  /** `user:<id>` or `organization:<id>`. */
  readonly owner: string;
  readonly connector: string;
  readonly accountId: string;
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  /** Whose client it is refreshed with: grants with one key are left alone together (`gatehouse.breaker_key`). */
  readonly breakerKey: string;
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly tokenType: string;
  readonly scopes: string;
  readonly status: 'active' | 'expired' | 'revoked' | 'error';
  readonly version: number;
  readonly parameters: Readonly<Record<string, string>>;
  readonly expiresAt: string | null;
  /** By the database's clock; null when it does not expire. */
  readonly secondsLeft: number | null;
  readonly failureCount: number;
  readonly lastFailure: StoredFailure | null;
}

/** Whether a grant brought id and secret of a client, so that the deployment's is never used for it. */
export function hasOwnClient({ clientId, clientSecret }: Pick<SealedConnection, 'clientId' | 'clientSecret'>): boolean {
  return clientId !== null && clientSecret !== null;
}

/** New tokens as the vault stores them. Null: what is there stays. Lifetimes in seconds from now. */
export interface SealedTokens {
  readonly accessToken: string;
  readonly refreshToken: string | null;
  readonly clientSecret: string | null;
  readonly tokenType: string;
  readonly expiresIn: number | null;
  readonly refreshExpiresIn: number | null;
  readonly nextRefreshIn: number | null;
  readonly scopes: string | null;
}

/** The last two are an integration's: its row key is then of user, service and external id. */
export type SealedField = 'access_token' | 'refresh_token' | 'client_secret' | 'credentials' | 'auth_code';

/** The upsert's key of a row: what a value belongs to, with its field. The row's id is chosen later than it is sealed. */
export type RowKey = Pick<SealedConnection, 'owner' | 'connector' | 'accountId'>;

/** What a value is sealed for: so it opens in no other row, also of the same owner. */
export function sealedFor({ owner, connector, accountId }: RowKey, field: SealedField): SealContext {
  return { owner, connector, field: `${field} of ${accountId}` };
}

/**
 * A value of the vault in the clear. One that a SQL client brought, and no job has sealed yet, is so already.
 * @throws AppError `seal.malformed`, `seal.refused`, `seal.unknown_key`
 */
export async function openSealed({ sealer }: Settings, value: string, context: SealContext): Promise<string> {
  if (!isSealed(value)) return value;
  try {
    return await sealer.open(value, context);
  } catch (error) {
    throw error instanceof SealError ? new AppError(`seal.${error.code}`, { cause: error.code }) : error;
  }
}

/** Seals what a provider gave for its row. */
export async function sealTokens(
  { sealer }: Settings,
  row: RowKey,
  tokens: TokenSet,
): Promise<{ accessToken: string; refreshToken: string | null }> {
  const seal = (value: string, field: SealedField) => sealer.seal(value, sealedFor(row, field));
  return {
    accessToken: await seal(tokens.accessToken, 'access_token'),
    refreshToken: tokens.refreshToken === null ? null : await seal(tokens.refreshToken, 'refresh_token'),
  };
}

/** The same value under the active key; null when it is there already, is not sealed, or there is none. */
export async function resealIfOld(
  { sealer }: Settings,
  envelope: string | null,
  context: SealContext,
): Promise<string | null> {
  if (envelope === null || !isSealed(envelope) || !sealer.needsRotation(envelope)) return null;
  return sealer.reseal(envelope, context, context);
}

/** As `resealIfOld`; one in the clear is sealed too, where the deployment seals what SQL clients bring. */
export async function renewSeal(
  settings: Settings,
  value: string | null,
  context: SealContext,
): Promise<string | null> {
  const isBrought = value !== null && value !== '' && !isSealed(value);
  if (!isBrought) return resealIfOld(settings, value, context);
  return settings.sealSqlValues ? settings.sealer.seal(value, context) : null;
}

type StoredValues = Readonly<Record<'access_token' | 'refresh_token' | 'client_secret', string | null>>;

/**
 * The values of a connection, opened and sealed for another account of its owner. Text stays text where the deployment
 * seals none.
 * @throws AppError `seal.…`
 */
export async function renewSealFor(
  settings: Settings,
  row: RowKey & { readonly values: StoredValues },
  accountId: string,
): Promise<StoredValues> {
  const renew = async (field: keyof StoredValues): Promise<string | null> => {
    const value = row.values[field];
    if (value === null || value === '' || (!settings.sealSqlValues && !isSealed(value))) return value;
    const opened = await openSealed(settings, value, sealedFor(row, field));
    return settings.sealer.seal(opened, sealedFor({ ...row, accountId }, field));
  };
  const [access_token, refresh_token, client_secret] = await Promise.all([
    renew('access_token'),
    renew('refresh_token'),
    renew('client_secret'),
  ]);
  return { access_token, refresh_token, client_secret };
}
