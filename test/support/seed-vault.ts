/** Connections in numbers: grants that the provider knows, sealed into the vault as the Worker would. */
import type { SeededGrant } from '../../scripts/support/oidc-provider.ts';
import { newId } from '../../src/lib/ids.ts';
import { parseKeyRing } from '../../src/lib/keys.ts';
import { createSealer } from '../../src/lib/sealing.ts';
import { type Owner, newPerson, type Person } from './owner.ts';

export interface VaultSettings {
  readonly TOKEN_KEYS: string;
  readonly TOKEN_KEY_ACTIVE: string;
  readonly DEMO_CLIENT_ID: string;
}

export interface SeededConnection {
  readonly id: string;
  readonly person: Person;
  readonly grant: SeededGrant;
}

/** A person with this grant connected. What is due is due already; `columns` override what is stored. */
export async function seedConnection(
  owner: Owner,
  settings: VaultSettings,
  grant: SeededGrant,
): Promise<SeededConnection> {
  const person = await newPerson(owner);
  const [id = ''] = await seedConnections(owner, settings, { userIds: [person.userId], grants: [grant] });
  return { id, person, grant };
}

/** One connection for each user, in one statement a thousand. All are due, with tokens that work for ten minutes more. */
export async function seedConnections(
  owner: Owner,
  settings: VaultSettings,
  { userIds, grants }: { readonly userIds: readonly string[]; readonly grants: readonly SeededGrant[] },
): Promise<string[]> {
  const sealer = createSealer(parseKeyRing('TOKEN_KEYS', settings.TOKEN_KEYS, settings.TOKEN_KEY_ACTIVE));
  const seal = (userId: string, field: string, value: string) =>
    sealer.seal(value, { owner: `user:${userId}`, connector: 'demo', field });
  const ids: string[] = [];
  for (let at = 0; at < grants.length; at += 1000) {
    // oxlint-disable-next-line no-await-in-loop -- a thousand in memory at a time
    const rows = await Promise.all(
      grants.slice(at, at + 1000).map(async (grant, i) => {
        const userId = userIds[at + i] ?? '';
        return {
          id: newId(),
          user_id: userId,
          account_id: grant.subject,
          access_token: await seal(userId, 'access_token', grant.accessToken),
          refresh_token: await seal(userId, 'refresh_token', grant.refreshToken),
          scopes: grant.scope,
        };
      }),
    );
    ids.push(...rows.map(({ id }) => id));
    // oxlint-disable-next-line no-await-in-loop
    await owner.query(
      `insert into oauth_connections (id, user_id, connector_id, account_id, client_id, access_token, refresh_token,
         scopes, expires_at, next_refresh_at)
       select r.id, r.user_id, 'demo', r.account_id, $2, r.access_token, r.refresh_token, r.scopes,
         now() + interval '10 minutes', now() - interval '1 second'
       from jsonb_to_recordset($1::jsonb) as r (id uuid, user_id text, account_id text, access_token text,
         refresh_token text, scopes text)`,
      [JSON.stringify(rows), settings.DEMO_CLIENT_ID],
    );
  }
  return ids;
}
