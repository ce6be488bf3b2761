/** Whose account a grant is of that somebody brought: asked of its provider, and then written down. */
import { identifyAccount, type IdentifyOutcome } from '../../connectors/flow.ts';
import { findConnector } from '../../connectors/index.ts';
import type { VaultContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { sideBySide } from '../../lib/side-by-side.ts';
import { firstRefreshIn } from './schedule.ts';
import { openSealed, renewSealFor, type SealedConnection, sealedFor } from './vault.ts';

const BATCH = 24;
const WIDTH = 6;
/** A token that is not taken may be refreshed by then. */
const REFUSED_SECONDS = 86_400;
const OUTAGE_SECONDS = 3600;

/** What became of a batch. `identified` has an account now; `postponed` is asked again; `unknown` is not. */
export interface IdentifyResult {
  identified: number;
  postponed: number;
  unknown: number;
}

type Account = Extract<IdentifyOutcome, { kind: 'identified' }>;

/** One batch of the job. Never changes a status: what is said here says nothing of the grant. */
export async function identifyBatch(ctx: VaultContext): Promise<IdentifyResult> {
  const [rows] = await ctx.systemGate(() => [plain('select gatehouse.claim_unidentified($1) as claimed', [BATCH])]);
  const counts: IdentifyResult = { identified: 0, postponed: 0, unknown: 0 };
  await sideBySide(firstValue<SealedConnection[]>(rows, 'claimed'), WIDTH, async (connection) => {
    counts[await identify(ctx, connection)] += 1;
  });
  return counts;
}

async function identify(ctx: VaultContext, connection: SealedConnection): Promise<keyof IdentifyResult> {
  const outcome = await unlessSpoilt(() => settle(ctx, connection));
  if (outcome === 'identified' || outcome === 'superseded') {
    return outcome === 'identified' ? 'identified' : 'postponed';
  }
  await ctx.systemGate(() => [
    plain('select from gatehouse.postpone_identification($1::uuid, $2, $3)', [
      connection.id,
      connection.version,
      outcome,
    ]),
  ]);
  return outcome === null ? 'unknown' : 'postponed';
}

/** What came of asking; else in how many seconds to ask again, null for never. */
async function settle(
  ctx: VaultContext,
  connection: SealedConnection,
): Promise<'identified' | 'superseded' | number | null> {
  const outcome = await ask(ctx, connection);
  switch (outcome.kind) {
    case 'identified':
      return (await store(ctx, connection, outcome)) === 'superseded' ? 'superseded' : 'identified';
    case 'unknown':
      return null;
    case 'refused':
      return REFUSED_SECONDS;
    case 'unreachable':
      return Math.max(OUTAGE_SECONDS, outcome.retryAfter ?? 0);
  }
}

/** A value that does not open is the refresh's to report; here there is nothing to ask with. */
async function unlessSpoilt<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AppError && error.code.startsWith('seal.')) return null;
    throw error;
  }
}

/** A token that ran out is not asked with: the sweep brings another one, and then it is asked at once. */
async function ask({ settings }: VaultContext, connection: SealedConnection): Promise<IdentifyOutcome> {
  const { accessToken, secondsLeft, parameters } = connection;
  const connector = findConnector(connection.connector);
  if (!connector?.grant) return { kind: 'unknown' };
  if (accessToken === '' || (secondsLeft !== null && secondsLeft <= 0)) return { kind: 'refused' };
  const client = settings.connectors.get(connector.name);
  // A provider that the deployment has nothing to do with is not called on the word of a row.
  if (!client) return { kind: 'refused' };
  const opened = await openSealed(settings, accessToken, sealedFor(connection, 'access_token'));
  return identifyAccount(connector, client, { accessToken: opened, parameters });
}

/** The account is part of a seal, so every value is sealed anew for it. */
async function store(ctx: VaultContext, connection: SealedConnection, account: Account): Promise<string> {
  const { id, version, connector, accessToken, refreshToken, clientSecret } = connection;
  const { accountId, email, metadata } = account;
  const { settings } = ctx;
  const from = { access_token: accessToken, refresh_token: refreshToken, client_secret: clientSecret };
  const identity = {
    id,
    version,
    accountId,
    email,
    from,
    to: await renewSealFor(settings, { ...connection, values: from }, accountId),
    metadata: { [connector]: metadata },
    nextRefreshIn: settings.sealSqlValues ? dueOf(connection) : null,
    deploymentClient: settings.connectors.get(connector)?.clientId ?? null,
  };
  const [rows] = await ctx.systemGate(() => [
    plain('select gatehouse.identify_connection($1::jsonb) as outcome', [JSON.stringify(identity)]),
  ]);
  return firstValue(rows, 'outcome');
}

/** It is sealed from now on, so nobody else can renew it. */
function dueOf({ connector, refreshToken, secondsLeft }: SealedConnection): number | null {
  return firstRefreshIn({ secondsLeft, hasRefreshToken: refreshToken !== null }, findConnector(connector)?.grant);
}
