import { describe, expect, it } from 'vitest';
import {
  beginConnect,
  change,
  connect,
  countingTrips,
  getToken,
  losingAnswers,
  newConnected,
  newMember,
  vaultRow,
} from '../../support/connections.ts';
import { type Account, grantsOf, newAccount, signInAt } from '../../support/oidc-provider.ts';
import { newOrganization, newPerson, type Person } from '../../support/owner.ts';
import { callFrom, comeBack, newBrowser } from '../../support/social.ts';
import { owner, workerEnv } from '../../support/worker.ts';

const DONE = '/account?done=connected';
const refused = (code: string) => `/integrations?problem=${code}`;
const calendar = { connector: undefined, service: 'demo_calendar' };

const integrationsOf = ({ userId }: Person) =>
  owner.query(
    `select id, service_id, connection_id, external_user_id, external_username, is_active, created_by
       from user_integrations where user_id = $1 order by service_id, created_at`,
    [userId],
  );
const scopesOf = (url: string) => new URL(url).searchParams.get('scope')?.split(' ');

async function newVisitor() {
  const person = await newPerson(owner);
  return { person, browser: newBrowser({ token: person.token }), account: newAccount() };
}

/** Text, as a backend with nothing but SQL brings it. */
async function bring({ userId }: Person, externalUserId: string | null): Promise<string> {
  const [row] = await owner.query<{ id: string }>(
    "select link_service_to_user($1, 'demo_calendar', $2, access_token => 'text', refresh_token => 'text') as id",
    [userId, externalUserId],
  );
  return row?.id ?? '';
}

const grantOf = async (integrationId: string) => {
  const [row] = await owner.query<{ connection_id: string }>('select * from user_integrations where id = $1', [
    integrationId,
  ]);
  return row?.connection_id ?? '';
};

describe('connecting with a service', () => {
  it('asks for what the service needs, and links the grant to it', async () => {
    const { person, browser, account } = await newVisitor();
    expect(await connect(browser, account, calendar)).toContain(DONE);
    const [integration, ...others] = await integrationsOf(person);
    expect(others).toEqual([]);
    expect(integration).toMatchObject({
      service_id: 'demo_calendar',
      external_user_id: account.subject,
      external_username: account.email,
      is_active: true,
      created_by: person.userId,
    });
    const events = await owner.query('select type, payload from outbox where subject_id = $1', [integration?.id]);
    expect(events).toEqual([
      { type: 'integration.linked', payload: { service: 'demo_calendar', externalUserId: account.subject } },
    ]);
    const token = await getToken(person, { scopes: ['calendar.read'] });
    expect(token.data).toMatchObject({ status: 'active', connectionId: integration?.connection_id, missingScopes: [] });
  });

  it('takes one trip to begin, without a connector too, and asks beside it for what the deployment needs', async () => {
    const { browser } = await newVisitor();
    browser.settings.DEMO_SCOPES = 'files.read';
    for (const input of [calendar, { service: 'demo_calendar' }]) {
      const { url, trips } = await countingTrips(async () => ({ url: await beginConnect(browser, input) }));
      expect(trips).toBe(1);
      expect(scopesOf(url)).toEqual(
        expect.arrayContaining(['openid', 'offline_access', 'calendar.read', 'files.read']),
      );
    }
    expect(scopesOf(await beginConnect(browser))).not.toContain('calendar.read');
  });

  it('shares the grant of one account between its services', async () => {
    const { person, browser, account } = await newVisitor();
    await connect(browser, account, calendar);
    await connect(browser, account, { ...calendar, service: 'demo_files' });
    const [first, second] = await integrationsOf(person);
    expect([first?.service_id, second?.service_id]).toEqual(['demo_calendar', 'demo_files']);
    expect(first?.connection_id).toBe(second?.connection_id);
    expect(await owner.query('select from oauth_connections where user_id = $1', [person.userId])).toHaveLength(1);
  });

  it('again keeps the same integration, whose grant had ended', async () => {
    const { person, browser, account } = await newVisitor();
    await connect(browser, account, calendar);
    const [before] = await integrationsOf(person);
    const connectionId = String(before?.connection_id);
    await change(connectionId, { status: 'expired', next_refresh_at: null });
    await owner.query('update user_integrations set is_active = false where id = $1', [before?.id]);
    expect(await connect(browser, account, { ...calendar, connectionId })).toContain(DONE);
    expect(await integrationsOf(person)).toEqual([before]);
    expect(await vaultRow(connectionId)).toMatchObject({ status: 'active', version: '2' });
  });

  it('is done once, where the answer of the database was lost', async () => {
    const { person, browser, account } = await newVisitor();
    const back = await signInAt(await beginConnect(browser, calendar), account);
    // The second trip stores it.
    expect(await losingAnswers([2], () => comeBack(browser, back))).toContain(DONE);
    expect(await integrationsOf(person)).toHaveLength(1);
    expect(await owner.query('select from grant_revocations where account_id = $1', [account.subject])).toEqual([]);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['of another connector', { service: 'gmail' }, 'input.invalid'],
    ['that nobody knows', { service: 'nothing' }, 'service.not_found'],
    ['of a connector without code here', { connector: undefined, service: 'telegram' }, 'provider.unknown'],
    ['of a connector that is not set up', { connector: undefined, service: 'gmail' }, 'provider.unknown'],
    ['that is not named, nor a connector', { connector: undefined }, 'input.invalid'],
  ])('%s is refused', async (_, input, code) => {
    const { browser } = await newVisitor();
    const answer = await callFrom(browser, 'oauth.connections.connect', { connector: 'demo', ...input });
    expect(answer.code).toBe(code);
  });

  it('for an organisation is refused: services are linked to people', async () => {
    const organizationId = await newOrganization(owner);
    const { token } = await newMember(organizationId, 'admin');
    const answer = await callFrom(newBrowser({ token }), 'oauth.apps.connect', { organizationId, ...calendar });
    expect(answer.code).toBe('input.invalid');
  });

  it('that was switched off meanwhile is refused, and the grant is given back', async () => {
    const { person, browser, account } = await newVisitor();
    const service = `service_${person.userId}`;
    await owner.query(
      "insert into services (id, name, type, provider, connector_id) values ($1, 'Demo', 'storage', 'demo', 'demo')",
      [service],
    );
    const url = await beginConnect(browser, { connector: undefined, service });
    await owner.query('update services set is_active = false where id = $1', [service]);
    expect(await comeBack(browser, await signInAt(url, account))).toBe(refused('service.inactive'));
    expect(await integrationsOf(person)).toEqual([]);
    expect(await owner.query('select from grant_revocations where account_id = $1', [account.subject])).toHaveLength(1);
    expect(await grantsOf(String(workerEnv.DEMO_ISSUER), account.subject)).toHaveLength(1);
  });
});

describe('a grant that was brought without an account', () => {
  const again = async (browser: ReturnType<typeof newBrowser>, account: Account, integrationId: string) =>
    connect(browser, account, { ...calendar, connectionId: await grantOf(integrationId) });

  it.each<[string, (account: Account) => string | null]>([
    ['of which nobody knows the account', () => null],
    ['that is known by its address', ({ email }) => email.toUpperCase()],
  ])('%s gives its place to the one that is connected', async (_, externalUserId) => {
    const { person, browser, account } = await newVisitor();
    const id = await bring(person, externalUserId(account));
    expect(await again(browser, account, id)).toContain(DONE);
    expect(await integrationsOf(person)).toMatchObject([{ id, external_username: account.email }]);
    expect(await owner.query('select account_id from oauth_connections where user_id = $1', [person.userId])).toEqual([
      { account_id: account.subject },
    ]);
  });

  it('is known by the address of the account that is connected, without a word of it', async () => {
    const { person, browser, account } = await newVisitor();
    const id = await bring(person, account.email);
    expect(await connect(browser, account, calendar)).toContain(DONE);
    expect(await integrationsOf(person)).toMatchObject([{ id }]);
  });

  it('that is another account’s stays, and so does that account’s integration', async () => {
    const { person, browser, account } = await newVisitor();
    const id = await bring(person, 'somebody-else@example.com');
    const before = await grantOf(id);
    expect(await again(browser, account, id)).toBe(refused('connection.wrong_account'));
    expect(await integrationsOf(person)).toMatchObject([{ id, connection_id: before }]);
    expect(await vaultRow(before)).toMatchObject({ access_token: 'text' });
  });

  it('serves through the API before a job has sealed it', async () => {
    const { connectionId, person, account } = await newConnected();
    await change(connectionId, { access_token: 'text', expires_at: null });
    const token = await getToken(person, { accountId: account.subject });
    expect(token.data).toMatchObject({ status: 'active', accessToken: 'text' });
  });

  it('is refreshed where it came without an access token, which is no token to hand out', async () => {
    const { connectionId, person, account } = await newConnected();
    await change(connectionId, { access_token: '', expires_at: null });
    const token = await getToken(person, { accountId: account.subject });
    expect(token.data).toMatchObject({ status: 'active', accessToken: expect.stringMatching(/.{20}/) });
    await change(connectionId, { access_token: '', expires_at: null, refresh_token: null });
    expect((await getToken(person, { accountId: account.subject })).data).toMatchObject({
      status: 'needs_reauthorization',
      reason: 'expired',
    });
  });
});
