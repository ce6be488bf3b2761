/** Opens what a link keeps sealed, so that it can go back to where it stood as text. */
import { sealedFor, type SealedField } from '../../domain/oauth/vault.ts';
import { isSealed, type SealContext, SealError, type Sealer } from '../../lib/sealing.ts';
import { LegacyError } from './errors.ts';
import type { StoredLink } from './rollback-read.ts';
import { integrationContext } from './sealing-contexts.ts';

/** A link's secrets in the clear. */
export interface OpenedLink extends StoredLink {
  readonly signUpToken: string | null;
  /** Whether `credentials` hold anything but a sign-up token. */
  readonly hasOtherCredentials: boolean;
}

/**
 * Opens a link's values; what a SQL client put in is in the clear already.
 * @throws LegacyError `legacy.unreadable` naming user and service, never a value
 */
export async function openLink(sealer: Sealer, link: StoredLink): Promise<OpenedLink> {
  const { userId, slot, connectorId, accountId } = link;
  const open = async (value: string | null, context: SealContext): Promise<string | null> =>
    value === null || !isSealed(value) ? value : sealer.open(value, context);
  const token = async (value: string | null, field: SealedField) =>
    open(
      value,
      sealedFor({ owner: `user:${userId}`, connector: connectorId ?? '', accountId: accountId ?? '' }, field),
    );
  const own = async (value: string | null, field: 'auth_code' | 'credentials') =>
    open(value, integrationContext(userId, slot, { field, externalUserId: link.externalUserId }));
  try {
    const credentials = await own(link.credentials, 'credentials');
    return {
      ...link,
      accessToken: await token(link.accessToken, 'access_token'),
      refreshToken: await token(link.refreshToken, 'refresh_token'),
      clientSecret: await token(link.clientSecret, 'client_secret'),
      authCode: await own(link.authCode, 'auth_code'),
      credentials,
      ...signUpOf(credentials),
    };
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    throw new LegacyError(
      'legacy.unreadable',
      `The ${slot} account of user "${userId}" does not open with TOKEN_KEYS (${error.code}): is its key in the ring?`,
      { cause: error },
    );
  }
}

function signUpOf(credentials: string | null): Pick<OpenedLink, 'signUpToken' | 'hasOtherCredentials'> {
  if (credentials === null) return { signUpToken: null, hasOtherCredentials: false };
  let object: unknown;
  try {
    object = JSON.parse(credentials);
  } catch {
    return { signUpToken: null, hasOtherCredentials: true };
  }
  const entries = typeof object === 'object' && object !== null ? Object.entries(object) : [];
  const token = entries.find(([key]) => key === 'telegram_signup_token')?.[1];
  const isKnown = typeof token === 'string';
  return {
    signUpToken: isKnown ? token : null,
    hasOtherCredentials: entries.length !== (isKnown ? 1 : 0) || entries.length === 0,
  };
}
