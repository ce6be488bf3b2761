import { neon, neonConfig } from '@neondatabase/serverless';
import { newApiToken, tokenPrefix } from '../../src/lib/api-token.ts';
import { newId } from '../../src/lib/ids.ts';
import { randomSecret, sha256Hex } from '../../src/lib/secrets.ts';

/** SQL as the owner of the database: how tests make their world and look at what was stored. */
export interface Owner {
  query<T = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<T[]>;
}

export function connectOwner(settings: { OWNER_URL: string; NEON_SQL_ENDPOINT: string }): Owner {
  neonConfig.fetchEndpoint = settings.NEON_SQL_ENDPOINT;
  const sql = neon(settings.OWNER_URL);
  return { query: async (text, params = []) => (await sql.query(text, [...params])) as never };
}

/** A user with a live session: everything a test needs to call as somebody. */
export interface Person {
  readonly userId: string;
  readonly email: string;
  readonly sessionId: string;
  /** The session's secret, for `Authorization: Bearer`. */
  readonly token: string;
}

/** A new user, in no way shared with another test, with one session. Columns of both can be given. */
export async function newPerson(owner: Owner, given: { user?: object; session?: object } = {}): Promise<Person> {
  const userId = newId();
  const email = `${userId}@example.com`;
  await insert(owner, 'users', { id: userId, email, email_verified_at: new Date().toISOString(), ...given.user });
  return { email, ...(await newSession(owner, userId, given.session)) };
}

/** One more session of a user. */
export async function newSession(owner: Owner, userId: string, columns: object = {}): Promise<Omit<Person, 'email'>> {
  const sessionId = newId();
  const token = `gts_${randomSecret()}`;
  await insert(owner, 'user_sessions', {
    id: sessionId,
    user_id: userId,
    session_token_hash: await sha256Hex(token),
    auth_method: 'magic_link',
    expires_at: inHours(24),
    ...columns,
  });
  return { userId, sessionId, token };
}

/** An API token row of any kind; its procedures come later, the gate knows it already. */
export async function newToken(owner: Owner, columns: object): Promise<{ id: string; token: string }> {
  const id = newId();
  const token = newApiToken();
  await insert(owner, 'api_tokens', {
    id,
    name: 'a test',
    token_hash: await sha256Hex(token),
    token_prefix: tokenPrefix(token),
    expires_at: inHours(24),
    ...columns,
  });
  return { id, token };
}

/** A token of an organisation, made by a new administrator of it. */
export async function newOrganizationToken(
  owner: Owner,
  organizationId: string,
  scopes: readonly string[],
): Promise<{ id: string; token: string; maker: Person }> {
  const maker = await newPerson(owner);
  await insert(owner, 'memberships', { organization_id: organizationId, user_id: maker.userId, role: 'admin' });
  const made = await newToken(owner, {
    kind: 'organization',
    organization_id: organizationId,
    created_by: maker.userId,
    scopes: JSON.stringify(scopes),
  });
  return { ...made, maker };
}

export async function newOrganization(owner: Owner): Promise<string> {
  const id = newId();
  await insert(owner, 'organizations', { id, name: 'A team' });
  return id;
}

/** Inserts one row; table and columns come from the test itself. */
export async function insert(owner: Owner, table: string, columns: object): Promise<void> {
  const names = Object.keys(columns);
  const marks = names.map((_, i) => `$${i + 1}`).join(', ');
  await owner.query(`insert into ${table} (${names.join(', ')}) values (${marks})`, Object.values(columns));
}

/** The ISO time that many hours from now. */
export function inHours(hours: number): string {
  return new Date(Date.now() + hours * 3_600_000).toISOString();
}
