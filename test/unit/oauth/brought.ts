/** What SQL clients bring into a vault, as they do: by requirement 1's functions, as text. */
import type { SeededGrant } from '../../../scripts/support/oidc-provider.ts';
import { openSealed, sealedFor } from '../../../src/domain/oauth/vault.ts';
import { newPerson } from '../../support/owner.ts';
import type { EmbeddedVault } from './embedded-vault.ts';

export interface Brought {
  readonly userId: string;
  readonly integrationId: string;
}

export interface Link {
  readonly userId?: string;
  readonly service?: string;
  readonly externalUserId?: string;
  readonly grant?: Pick<SeededGrant, 'accessToken' | 'refreshToken'>;
  /** Seconds from now; null: nobody knows. */
  readonly expiresIn?: number | null;
  readonly scopes?: readonly string[];
  readonly credentials?: unknown;
}

/** Links an account with its tokens to a new user, or to that one. */
export async function bring({ owner }: EmbeddedVault, link: Link = {}): Promise<Brought> {
  const userId = link.userId ?? (await newPerson(owner)).userId;
  const {
    service = 'demo_calendar',
    grant = { accessToken: 'access', refreshToken: 'refresh' },
    expiresIn = 600,
  } = link;
  const [row] = await owner.query<{ id: string }>(
    `select link_service_to_user($1, $2, external_user_id => $3, access_token => $4, refresh_token => $5,
       token_expires_at => now() + make_interval(secs => $6::double precision), granted_scopes => $7::jsonb,
       credentials => $8::jsonb) as id`,
    [
      userId,
      service,
      link.externalUserId ?? null,
      grant.accessToken,
      grant.refreshToken,
      expiresIn,
      link.scopes ? JSON.stringify(link.scopes) : null,
      link.credentials === undefined ? null : JSON.stringify(link.credentials),
    ],
  );
  return { userId, integrationId: row?.id ?? '' };
}

/** The row of the vault behind an integration. */
export async function grantOf({ owner }: EmbeddedVault, { integrationId }: Brought) {
  const [row] = await owner.query<Record<string, string | null>>(
    `select c.*, extract(epoch from c.next_refresh_at - now())::float as due_in,
       extract(epoch from c.identify_at - now())::float as asked_in
       from user_integrations ui join oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id
      where ui.id = $1`,
    [integrationId],
  );
  if (!row) throw new Error('It has no grant.');
  return row;
}

/** What a value of the vault says, for the row it is in. */
export async function opened(
  vault: EmbeddedVault,
  row: Record<string, string | null>,
  field: 'access_token' | 'refresh_token',
): Promise<string> {
  const key = { owner: String(row.owner), connector: String(row.connector_id), accountId: String(row.account_id) };
  return openSealed(vault.context().settings, String(row[field]), sealedFor(key, field));
}
