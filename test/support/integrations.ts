/** Linked accounts in tests: made through the API, and the rows behind them. */
import { expect } from 'vitest';
import type { BulkLinked, IntegrationView } from '../../src/domain/integrations/views.ts';
import { newToken, type Person } from './owner.ts';
import { call, owner, PUBLIC_URL, send } from './worker.ts';

/** `integrations.link` of the person's own user, named by id. */
export function link(person: Person, input: Record<string, unknown>, headers: Record<string, string> = {}) {
  const { token, userId } = person;
  return call<IntegrationView>('integrations.link', { userId, ...input }, { token, headers });
}

/** A linked account, which must work out. */
export async function linked(person: Person, input: Record<string, unknown>): Promise<IntegrationView> {
  const { status, code, data } = await link(person, input);
  expect([status, code]).toEqual([200, undefined]);
  return data;
}

export function bulkLink(person: Person, services: readonly unknown[], headers: Record<string, string> = {}) {
  const { token, userId } = person;
  return call<BulkLinked>('integrations.bulkLink', { userId, services }, { token, headers });
}

/** The person's user as a backend acts for it: by a service token, which may bring grants of the deployment's client. */
export async function byBackend(person: Person): Promise<Person> {
  const { token } = await newToken(owner, { kind: 'service', scopes: '["integrations:write"]' });
  return { ...person, token };
}

/** All links of a user as they lie there, the earliest first. */
export function linkRows(userId: string): Promise<Record<string, unknown>[]> {
  return owner.query('select * from user_integrations where user_id = $1 order by created_at, id', [userId]);
}

/** All grants of a user as they lie there. */
export function grantRows(userId: string): Promise<Record<string, unknown>[]> {
  return owner.query('select * from oauth_connections where user_id = $1 order by created_at, id', [userId]);
}

/** What webhooks will hear of a user's links. */
export function linkEvents(userId: string): Promise<{ type: string; subject_id: string }[]> {
  return owner.query(
    "select type, subject_id from outbox where user_id = $1 and type like 'integration.%' order by created_at, id",
    [userId],
  );
}

/** Calls `/v1` and gives the status, the headers and what came. */
export async function rest(
  method: string,
  path: string,
  { token, body, headers }: { token?: string; body?: unknown; headers?: Record<string, string> } = {},
) {
  const request = new Request(`${PUBLIC_URL}/v1${path}`, {
    method,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const response = await send(request);
  const text = await response.text();
  const json = (text === '' ? null : JSON.parse(text)) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, text, json };
}
