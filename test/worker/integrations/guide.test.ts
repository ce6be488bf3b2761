import { beforeAll, describe, expect, it } from 'vitest';
import guide from '../../../docs/migration-guide.md?raw';
import { blocksOf } from '../../support/guide-blocks.ts';
import { insert, newPerson, newToken } from '../../support/owner.ts';
import { owner, PUBLIC_URL, send } from '../../support/worker.ts';

interface Curl {
  readonly line: number;
  readonly method: string;
  readonly path: string;
  readonly body: string | undefined;
}

/** The commands of a shell block: what this guide uses of curl, and no more. */
function curlsOf(): Curl[] {
  return blocksOf(guide).flatMap(({ language, text, line }) => {
    if (language !== 'sh' || !text.includes('curl')) return [];
    return text.split(/^(?=curl )/m).map((command) => ({
      line,
      method: /-X (\w+)/.exec(command)?.[1] ?? 'GET',
      path: /"\$GATEHOUSE([^"]+)"/.exec(command)?.[1] ?? '',
      body: /-d '([^']+)'/.exec(command)?.[1],
    }));
  });
}

const curls = curlsOf();
const example = blocksOf(guide).find(({ language }) => language === 'json');
const PLACEHOLDER = '0199aa00-0000-7000-8000-000000000000';

let token = '';
let userId = '';

beforeAll(async () => {
  ({ userId } = await newPerson(owner));
  const scopes = ['integrations:read', 'integrations:write', 'connections:token', 'admin:read', 'admin:write'];
  ({ token } = await newToken(owner, { kind: 'service', scopes: JSON.stringify(scopes) }));
  // What the route of tokens answers.
  const gmail = { service_id: 'gmail', access_token: 'ya29.token', token_expires_at: '2100-01-01T00:00:00Z' };
  const path = '/v1/users/user_123/integrations';
  expect((await run({ line: 0, method: 'POST', path, body: JSON.stringify(gmail) }, '')).status).toBe(200);
});

async function run({ method, path, body }: Curl, integrationId: string): Promise<Response> {
  const headers = { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) };
  const address = `${PUBLIC_URL}${path.replace('user_123', userId).replace(PLACEHOLDER, integrationId)}`;
  return send(new Request(address, { method, headers, body }));
}

describe('the curl calls of the migration guide', () => {
  it('are there for every use', () => {
    expect(curls.length).toBeGreaterThanOrEqual(14);
    expect(curls.every(({ path }) => path.startsWith('/v1/'))).toBe(true);
  });

  it('are all answered with 200', async () => {
    for (const curl of curls) {
      const id = crypto.randomUUID();
      const link = { id, user_id: userId, service_id: 'signal', external_user_id: id };
      await insert(owner, 'user_integrations', link);
      const response = await run(curl, id);
      const text = await response.text();
      expect({ ...curl, status: response.status, text }).toEqual({ ...curl, status: 200, text });
    }
  });

  it('answer the user as the guide shows it', async () => {
    const response = await run({ line: 0, method: 'GET', path: '/v1/users/user_123', body: undefined }, '');
    const user: unknown = await response.json();
    const shown: unknown = JSON.parse(example?.text ?? '');
    expect(keysOf(user)).toEqual(keysOf(shown));
  });
});

/** The names of an answer: its own, and those of the first integration that has an account. */
function keysOf(answer: unknown): unknown {
  const user = answer as { integrations: { external_user_id?: string }[] };
  const linked = user.integrations.find(({ external_user_id }) => external_user_id !== undefined);
  return { user: Object.keys(user).toSorted(), integration: Object.keys(linked ?? {}).toSorted() };
}
