/** Connected accounts in tests: through the whole flow at the provider of the run, and the rows behind them. */
import { expect } from 'vitest';
import { newAccount, signInAt, type Account } from './oidc-provider.ts';
import { newPerson, type Person } from './owner.ts';
import { type Browser, callFrom, comeBack, newBrowser } from './social.ts';
import { call, owner } from './worker.ts';

export interface Connected {
  readonly person: Person;
  readonly browser: Browser;
  readonly account: Account;
  readonly connectionId: string;
}

/** Connects an account as a person would. Answers where the browser ends. */
export async function connect(
  browser: Browser,
  account: Account,
  input: Record<string, unknown> = {},
): Promise<string> {
  const { organizationId } = input;
  const path = organizationId === undefined ? 'oauth.connections.connect' : 'oauth.apps.connect';
  const begun = await callFrom<{ authorizationUrl: string }>(browser, path, {
    connector: 'demo',
    redirectUrl: '/account?done=connected',
    ...input,
  });
  expect(begun.status, begun.code).toBe(200);
  return comeBack(browser, await signInAt(begun.data.authorizationUrl, account));
}

/** A new person with one connected account. */
export async function newConnected(input: Record<string, unknown> = {}): Promise<Connected> {
  const person = await newPerson(owner);
  const browser = newBrowser({ token: person.token });
  const account = newAccount();
  expect(await connect(browser, account, input)).toContain('/account?done=connected');
  const [row] = await owner.query<{ id: string }>(
    'select id from oauth_connections where user_id = $1 and account_id = $2',
    [person.userId, account.subject],
  );
  return { person, browser, account, connectionId: row?.id ?? '' };
}

/** One row of the vault as it lies there. */
export async function vaultRow(connectionId: string): Promise<Record<string, unknown> | undefined> {
  const [row] = await owner.query('select * from oauth_connections where id = $1', [connectionId]);
  return row;
}

/** Makes a connection due, or lets its token run out. */
export async function letPass(connectionId: string, what: 'due' | 'expired'): Promise<void> {
  const expires = what === 'expired' ? "now() - interval '1 minute'" : 'expires_at';
  await owner.query(
    `update oauth_connections set next_refresh_at = now() - interval '1 second', expires_at = ${expires} where id = $1`,
    [connectionId],
  );
}

/** `oauth.connections.getToken` for the person's demo account. */
export function getToken(person: Person, input: Record<string, unknown> = {}) {
  return call<Record<string, string> & { scopes: string[]; missingScopes: string[] }>(
    'oauth.connections.getToken',
    { userId: person.userId, connector: 'demo', ...input },
    { token: person.token },
  );
}
