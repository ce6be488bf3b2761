/** A call that failed is sent again under its key: it does its work then, and once. And what a key keeps of its call. */
import { neonConfig } from '@neondatabase/serverless';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { connect } from '../support/connections.ts';
import { linked } from '../support/integrations.ts';
import { newAccount } from '../support/oidc-provider.ts';
import { insert, newPerson } from '../support/owner.ts';
import { withPasskey } from '../support/passkeys.ts';
import { aWhileLater, mailsTo as allMailsTo } from '../support/reports.ts';
import { newBrowser } from '../support/social.ts';
import { call, keyedHeaders, owner } from '../support/worker.ts';
import { browse, from, newEmail, submit } from './support.ts';

afterEach(() => void vi.useRealTimers());

const mailsTo = async (email: string) => (await allMailsTo(email)).length;

/** The database cannot be reached while `work` runs: nothing of the call comes through. */
async function withoutDatabase<T>(work: () => Promise<T>): Promise<T> {
  const before: unknown = neonConfig.fetchFunction;
  neonConfig.fetchFunction = async () => {
    throw new TypeError('Network connection lost.');
  };
  try {
    return await work();
  } finally {
    neonConfig.fetchFunction = before;
  }
}

describe('a mail that was asked for while the database was away', () => {
  const asks = {
    'auth.requestMagicLink': async () => ({ to: newEmail(), token: undefined }),
    'auth.requestStepUpMail': async () => newPerson(owner).then(({ email, token }) => ({ to: email, token })),
    'account.requestEmailChange': async () => ({ to: newEmail(), token: (await newPerson(owner)).token }),
  };

  it.each(Object.keys(asks) as (keyof typeof asks)[])('%s goes out when it is asked for again, once', async (path) => {
    const { to, token } = await asks[path]();
    const headers = { ...from(), ...keyedHeaders() };
    const input = path === 'auth.requestStepUpMail' ? {} : { email: to };
    const send = () => call(path, { ...input, delivery: 'bearer' }, { token, headers });
    expect((await withoutDatabase(send)).status).toBe(503);
    expect((await send()).status).toBe(200);
    expect(await mailsTo(to)).toBe(1);
    expect((await send()).status).toBe(200);
    expect(await mailsTo(to)).toBe(1);
  });

  it('goes out from the page of before, whose button is pressed once more', async () => {
    const email = newEmail();
    const nonce = /name="nonce" value="([\w-]+)"/.exec(await (await browse('/sign-in')).text())?.[1] ?? '';
    const press = () => submit('/sign-in', { email, nonce });
    expect((await withoutDatabase(press)).status).toBe(503);
    expect((await press()).headers.get('location')).toContain('/sign-in/code');
    expect(await mailsTo(email)).toBe(1);
  });

  it('is not taken for one under way where its key is of yesterday', async () => {
    const to = newEmail();
    const headers = { ...from(), ...keyedHeaders() };
    const input = { email: to, delivery: 'bearer' };
    const send = () => call('auth.requestMagicLink', input, { headers, settings: aWhileLater() });
    const midnight = Math.floor(Date.now() / 86_400_000) * 86_400_000;
    vi.useFakeTimers({ toFake: ['Date'], now: midnight - 20_000 });
    expect((await send()).status).toBe(200);
    vi.setSystemTime(midnight + 60_000);
    // The limiter has forgotten the first; the row is live, so its mail may have been lost.
    expect((await send()).status).toBe(200);
    expect(await mailsTo(to)).toBe(2);
  });
});

describe('what is kept with a key', () => {
  it.each(['bulkUnlink', 'bulkLink'])('is small for a list of a thousand: %s', async (verb) => {
    const me = await newPerson(owner);
    const ids = Array.from({ length: verb === 'bulkLink' ? 900 : 1000 }, newId);
    const services = ids.map((externalUserId) => ({ serviceId: 'telegram', externalUserId }));
    const send = (headers: Record<string, string>) =>
      call<{ succeeded: number; results: unknown[] }>(
        `integrations.${verb}`,
        { userId: me.userId, services },
        { token: me.token, headers },
      );
    await send(keyedHeaders());
    const [before] = await owner.query<{ now: string }>('select clock_timestamp() as now', []);
    const headers = keyedHeaders();
    const first = await send(headers);
    expect(first.data.succeeded).toBe(services.length);
    const rows = await owner.query<{ size: number }>(
      `select pg_column_size(k) as size from idempotency_keys k where k.effects ? 'items' and k.created_at >= $1`,
      [before?.now],
    );
    expect(rows.length).toBeGreaterThan(0);
    for (const { size } of rows) expect(size).toBeLessThan(600);
    expect((await send(headers)).data).toEqual(first.data);
  });

  it('is not that something was named which was not there', async () => {
    const me = await newPerson(owner);
    await withPasskey(me);
    const missing = newId();
    const headers = { 'idempotency-key': newId() };
    const rename = () =>
      call('auth.renamePasskey', { passkeyId: missing, name: 'early' }, { token: me.token, headers });
    expect((await rename()).code).toBe('passkey.not_found');
    await owner.query('update passkeys set id = $2 where user_id = $1', [me.userId, missing]);
    expect((await rename()).data).toMatchObject({ name: 'early' });
  });
});

it('the 5,000 events of a day hold for a link to a connection too', async () => {
  const me = await newPerson(owner);
  const browser = newBrowser({ token: me.token });
  // Two accounts of one address, as providers have it that let two people give the same one.
  const email = newEmail();
  for (const account of [newAccount({ email }), newAccount({ email })])
    expect(await connect(browser, account)).toContain('done=connected');
  const connections = await owner.query<{ id: string }>('select id from oauth_connections where user_id = $1', [
    me.userId,
  ]);
  const serviceId = newId();
  await insert(owner, 'services', {
    id: serviceId,
    name: 'A',
    type: 'storage',
    provider: 'demo',
    connector_id: 'demo',
  });
  await linked(me, { serviceId, externalUserId: email, accessToken: 'x' });
  await owner.query(
    `insert into outbox (type, user_id, subject_id) select 'integration.linked', $1, 'x' from generate_series(1, 5000)`,
    [me.userId],
  );
  for (const { id: connectionId } of connections)
    expect(await call('integrations.link', { userId: me.userId, serviceId, connectionId }, me)).toMatchObject({
      status: 409,
      code: 'integration.limit_reached',
    });
});
