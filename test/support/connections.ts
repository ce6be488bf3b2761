/** Connected accounts in tests: through the whole flow at the provider of the run, and the rows behind them. */
import { neonConfig } from '@neondatabase/serverless';
import { expect } from 'vitest';
import type { LogEvent, VaultContext } from '../../src/context.ts';
import type { VaultMessage } from '../../src/domain/oauth/vault-message.ts';
import { type SealedField, sealedFor } from '../../src/domain/oauth/vault.ts';
import { readSettings } from '../../src/env.ts';
import { jobContext } from '../../src/jobs/context.ts';
import { type Account, newAccount, seedGrants, signInAt } from './oidc-provider.ts';
import { insert, newOrganization, newPerson, type Person } from './owner.ts';
import { type SeededConnection, seedConnection, type VaultSettings } from './seed-vault.ts';
import { type Browser, callFrom, comeBack, newBrowser } from './social.ts';
import { call, owner, workerEnv } from './worker.ts';

export interface Connected {
  readonly person: Person;
  readonly browser: Browser;
  readonly account: Account;
  readonly connectionId: string;
}

/** The provider of the run. */
export const issuer = String(workerEnv.DEMO_ISSUER);

/** Where a browser ends that came back from the provider in vain. */
export const refusedWith = (code: string) => `/account/connections?problem=${code}`;

/** Begins to connect an account. Answers where the browser is sent. */
export async function beginConnect(browser: Browser, input: Record<string, unknown> = {}): Promise<string> {
  const path = input.organizationId === undefined ? 'oauth.connections.connect' : 'oauth.apps.connect';
  const begun = await callFrom<{ authorizationUrl: string }>(browser, path, {
    connector: 'demo',
    redirectUrl: '/account?done=connected',
    ...input,
  });
  expect(begun.status, begun.code).toBe(200);
  return begun.data.authorizationUrl;
}

/** Connects an account as a person would. Answers where the browser ends. */
export async function connect(
  browser: Browser,
  account: Account,
  input: Record<string, unknown> = {},
): Promise<string> {
  return comeBack(browser, await signInAt(await beginConnect(browser, input), account));
}

/** A new person with one connected account. */
export async function newConnected(input: Record<string, unknown> = {}): Promise<Connected> {
  const person = await newPerson(owner);
  const browser = newBrowser({ token: person.token });
  const account = newAccount();
  expect(await connect(browser, account, input)).toContain('/account?done=connected');
  const [row] = await owner.query<{ id: string }>('select id from oauth_connections where account_id = $1', [
    account.subject,
  ]);
  return { person, browser, account, connectionId: row?.id ?? '' };
}

/** An administrator whose new organisation has one connected app. */
export async function newConnectedApp(): Promise<Connected & { readonly organizationId: string }> {
  const organizationId = await newOrganization(owner);
  const person = await newMember(organizationId, 'admin');
  const browser = newBrowser({ token: person.token });
  const account = newAccount();
  expect(await connect(browser, account, { organizationId })).toContain('/account?done=connected');
  const [row] = await owner.query<{ id: string }>('select id from oauth_connections where organization_id = $1', [
    organizationId,
  ]);
  return { person, browser, account, connectionId: row?.id ?? '', organizationId };
}

/** A new person who belongs to the organisation. */
export async function newMember(organizationId: string, role: 'owner' | 'admin' | 'member'): Promise<Person> {
  const person = await newPerson(owner);
  await insert(owner, 'memberships', { organization_id: organizationId, user_id: person.userId, role });
  return person;
}

/** A person with a connection that is due, without the way through the browser. Columns of its row can be given. */
export async function newDue(columns: Record<string, unknown> = {}): Promise<SeededConnection> {
  const [grant] = await seedGrants(issuer, 1);
  if (!grant) throw new Error('The provider gave no grant.');
  const seeded = await seedConnection(owner, workerEnv as unknown as VaultSettings, grant);
  await change(seeded.id, columns);
  return seeded;
}

/** Changes columns of a row of the vault as nobody else may. */
export async function change(connectionId: string, columns: Record<string, unknown>): Promise<void> {
  const names = Object.keys(columns);
  if (names.length === 0) return;
  const set = names.map((name, i) => `${name} = $${i + 2}`).join(', ');
  await owner.query(`update oauth_connections set ${set} where id = $1`, [connectionId, ...Object.values(columns)]);
}

/** One row of the vault as it lies there. */
export async function vaultRow(connectionId: string): Promise<Record<string, unknown> | undefined> {
  const [row] = await owner.query('select * from oauth_connections where id = $1', [connectionId]);
  // The driver gives bigint as text.
  return row && { ...row, failure_count: Number(row.failure_count) };
}

/** Makes a connection due, or lets its token run out. */
export async function letPass(connectionId: string, what: 'due' | 'expired'): Promise<void> {
  const expires = what === 'expired' ? "now() - interval '1 minute'" : 'expires_at';
  await owner.query(
    `update oauth_connections set next_refresh_at = now() - interval '1 second', expires_at = ${expires} where id = $1`,
    [connectionId],
  );
}

/** The trail of a connection, the oldest first. */
export function trailOf(connectionId: string): Promise<Record<string, unknown>[]> {
  return owner.query(
    'select event, actor_kind, actor_id, evidence from connection_events where connection_id = $1 order by created_at, id',
    [connectionId],
  );
}

/** What webhooks will hear of a connection, the oldest first. */
export function outboxOf(connectionId: string): Promise<Record<string, unknown>[]> {
  return owner.query(
    'select type, user_id, organization_id, payload from outbox where subject_id = $1 order by created_at, id',
    [connectionId],
  );
}

/** A value of the vault in the clear. */
export async function unsealed(connectionId: string, field: SealedField): Promise<string> {
  const row = await vaultRow(connectionId);
  const key = { owner: String(row?.owner), connector: String(row?.connector_id), accountId: String(row?.account_id) };
  const context = sealedFor(key, field);
  return readSettings(workerEnv).sealer.open(String(row?.[field]), context);
}

/** Whether the provider takes an access token. */
export async function isTaken(accessToken: string | undefined): Promise<boolean> {
  const answer = await fetch(`${issuer}/me`, { headers: { authorization: `Bearer ${accessToken}` } });
  await answer.body?.cancel();
  return answer.ok;
}

/** `oauth.connections.getToken` for the person's demo account. */
export function getToken(person: Person, input: Record<string, unknown> = {}, settings?: Record<string, unknown>) {
  return call<Record<string, string> & { scopes: string[]; missingScopes: string[] }>(
    'oauth.connections.getToken',
    { userId: person.userId, connector: 'demo', ...input },
    { token: person.token, settings },
  );
}

/** How many trips to the database something makes, with what it answers. */
export async function countingTrips<T>(work: () => Promise<T>): Promise<T & { readonly trips: number }> {
  let trips = 0;
  const answer = await withDatabaseAt((init, url) => {
    trips += 1;
    return fetch(url, init);
  }, work);
  return { ...answer, trips };
}

/** Runs something while the database cannot be reached: its address leads nowhere. */
export function withoutDatabase<T>(work: () => Promise<T>): Promise<T> {
  return withDatabaseAt((init) => fetch('http://127.0.0.1:9/sql', init), work);
}

/** Runs something of which these of the database's answers are lost (1: the first): it has done what it was asked. */
export function losingAnswers<T>(lost: readonly number[], work: () => Promise<T>): Promise<T> {
  let count = 0;
  return withDatabaseAt(async (init, url) => {
    const answer = await fetch(url, init);
    count += 1;
    if (!lost.includes(count)) return answer;
    await answer.body?.cancel();
    throw new TypeError('Network connection lost.');
  }, work);
}

async function withDatabaseAt<T>(
  send: (init: RequestInit, url: string) => Promise<Response>,
  work: () => Promise<T>,
): Promise<T> {
  const before: unknown = neonConfig.fetchFunction;
  neonConfig.fetchFunction = (url: string, init: RequestInit) => send(init, url);
  try {
    return await work();
  } finally {
    neonConfig.fetchFunction = before;
  }
}

/** What a job works with, some settings changed. Its log and what it sends to the queue are kept, and not sent. */
export function vaultContext(settings: Record<string, unknown> = {}) {
  const logs: LogEvent[] = [];
  const sent: VaultMessage[] = [];
  const REFRESH_QUEUE = {
    send: async (body: VaultMessage) => void sent.push(body),
    sendBatch: async (messages: Iterable<{ body: VaultMessage }>) => {
      for (const { body } of messages) sent.push(body);
    },
  };
  const context = jobContext({ ...workerEnv, ...settings });
  const bindings = { ...context.bindings, REFRESH_QUEUE } as unknown as VaultContext['bindings'];
  const ctx: VaultContext = { ...context, bindings, log: (event) => void logs.push(event) };
  return { ctx, logs, sent };
}
