import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { connect, newConnected, vaultRow } from '../../support/connections.ts';
import { newAccount } from '../../support/oidc-provider.ts';
import { insert, inHours, newPerson, type Person } from '../../support/owner.ts';
import { owner } from '../../support/worker.ts';
import { asking, browse, type Fields, form, nonceOf, open, post, textOf, withoutProviders } from './browse.ts';

const LIST = '/account/connections';
const shopify = { SHOPIFY_CLIENT_ID: 'our-id-at-shopify', SHOPIFY_CLIENT_SECRET: 'a-secret-of-shopify' };
const all = ['openid', 'email', 'profile', 'offline_access', 'calendar.read', 'files.read'].join(' ');
const at = new Date().toISOString();

/** A row of the vault whose values nobody opens. */
async function given(me: Person, columns: object = {}): Promise<string> {
  const id = newId();
  const account = { email: `${id}@work.example` };
  await insert(owner, 'oauth_connections', {
    id,
    user_id: me.userId,
    connector_id: 'demo',
    account_id: id,
    access_token: 'x',
    scopes: all,
    connector_metadata: JSON.stringify({ demo: account }),
    ...columns,
  });
  return id;
}

const act = (me: Person, action: string, fields: Fields) => post(`${LIST}/${action}`, fields, asking(me));
const sectionOf = (page: string, id: string) =>
  textOf(new RegExp(`aria-labelledby="${id}">.*?</section>`, 's').exec(page)?.[0] ?? '');

describe('the list of connections', () => {
  it('is linked from the account, with how many there are and whether one waits for its person', async () => {
    const me = await newPerson(owner);
    expect(sectionOf(await open(me), 'connections')).toContain('None yet. Connect an account');
    await given(me);
    expect(sectionOf(await open(me), 'connections')).toMatch(/Connections One account is connected\. See your/);
    await given(me, { status: 'revoked' });
    expect(sectionOf(await open(me), 'connections')).toMatch(
      /Action needed 2 accounts are connected\. 1 needs to be connected again\./,
    );
  });

  it('is left out where nothing is or can be connected', async () => {
    const me = await newPerson(owner);
    expect(await open(me, '/account', withoutProviders)).not.toContain(LIST);
    expect(textOf(await open(me, LIST, withoutProviders))).toContain('Nothing can be connected here.');
    await given(me);
    expect(await open(me, '/account', withoutProviders)).toContain(LIST);
  });

  it('shows whose each is by a name that people know, as text', async () => {
    const me = await newPerson(owner);
    const names = {
      demo: { email: '<b>ada</b>@work.example', login: 'no' },
      github: { account_id: '7', login: 'ada-l' },
      slack: { team_id: 'T1', team_name: 'The Team' },
      shopify: { shop_domain: 'ada.myshopify.com' },
      linkedin: { member_id: 'm', email: 7 },
    };
    for (const [connector_id, account] of Object.entries(names)) {
      await given(me, {
        connector_id,
        account_id: `id-at-${connector_id}`,
        connector_metadata: JSON.stringify({ [connector_id]: account }),
      });
    }
    const page = await open(me, LIST);
    expect(page).not.toContain('<b>ada');
    const text = sectionOf(page, 'connected');
    for (const words of ['&lt;b&gt;ada', 'ada-l', 'The Team', 'ada.myshopify.com', 'id-at-linkedin']) {
      expect(text).toContain(words);
    }
    expect(text).toMatch(/GitHub : ada-l/);
  });

  it('tells accounts of the same name apart by their ids', async () => {
    const me = await newPerson(owner);
    const connector_metadata = JSON.stringify({ demo: { email: 'ada@work.example' } });
    await given(me, { connector_metadata, account_id: 'ada-1' });
    expect(sectionOf(await open(me, LIST), 'connected')).not.toContain('ada-1');
    await given(me, { connector_metadata, account_id: 'ada-2' });
    const text = sectionOf(await open(me, LIST), 'connected');
    expect(text).toMatch(/ada@work\.example \(ada-1\) .* ada@work\.example \(ada-2\)/);
  });

  it.each([
    [{}, 'Healthy', null],
    [{ failing_since: at }, 'Failing', 'Demo gives no new access just now. We try again by ourselves.'],
    [{ status: 'expired' }, 'Action needed', 'The access that Demo gave has run out. Connect the account again.'],
    [{ status: 'revoked' }, 'Action needed', 'its access was ended there. Connect the account again.'],
    [{ status: 'error' }, 'Action needed', 'What is stored here for this account cannot be used.'],
  ])('says how it is and why: %o', async (columns, badge, reason) => {
    const me = await newPerson(owner);
    const id = await given(me, columns);
    const page = await open(me, LIST);
    expect(sectionOf(page, 'connected')).toContain(`${badge} `);
    if (reason) expect(sectionOf(page, 'connected')).toContain(reason);
    const again = new RegExp(`name="connection_id" value="${id}"/><button[^>]*>Connect again`);
    expect(again.test(page)).toBe('status' in columns);
  });

  it('shows what is needed and was not granted, and offers to add it', async () => {
    const me = await newPerson(owner);
    await given(me, { scopes: all.replace(' calendar.read files.read', '') });
    await given(me, { scopes: all.replace(' files.read', '') });
    const text = sectionOf(await open(me, LIST), 'connected');
    expect(text).toContain('Missing: calendar.read , files.read . Connect again to add them.');
    expect(text).toContain('Missing: files.read . Connect again to add it.');
  });

  it('shows nobody else’s', async () => {
    const [me, other] = [await newPerson(owner), await newPerson(owner)];
    const id = await given(other);
    expect(await open(me, LIST)).not.toContain(id);
    const page = await browse(`${LIST}/${id}`, { headers: asking(me) });
    expect(page.status).toBe(404);
    expect(textOf(await page.text())).toContain('There is no such connection.');
  });
});

describe('connecting', () => {
  it('goes to the provider for this person alone, and comes back to the list', async () => {
    const me = await newPerson(owner);
    const page = await open(me, LIST);
    const answer = await act(me, 'connect', { connector: 'demo', nonce: nonceOf(page) });
    expect(answer.status).toBe(200);
    const address = /content="0; url=([^"]+)"/.exec(await answer.text())?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(new URL(address).searchParams.get('scope')).toBe(all);
    const states = await owner.query('select purpose, redirect_url from oauth_states where user_id = $1', [me.userId]);
    expect(states).toEqual([
      { purpose: 'connect', redirect_url: 'http://localhost:8787/account/connections?done=connected' },
    ]);
  });

  it('asks for what the provider’s addresses need, and says beside the field what is wrong', async () => {
    const me = await newPerson(owner);
    const send = (shop: string) =>
      browse(`${LIST}/connect`, {
        ...form({ connector: 'shopify', parameter_shop: shop, nonce: '' }, asking(me)),
        settings: shopify,
      });
    expect(await open(me, LIST, shopify)).toContain('Such as your-store.myshopify.com');
    for (const bad of ['', 'evil.example', '"><script>', 'a.myshopify.com.evil.example', 'x'.repeat(300)]) {
      const refused = await send(bad);
      expect(refused.status).toBe(400);
      const text = await refused.text();
      expect(text).toMatch(/id="shopify-shop"[^>]* autofocus[^>]* aria-invalid="true"/);
      expect(text).toContain('Write it like this: your-store.myshopify.com');
      expect(text).not.toContain('<script>');
    }
    const answer = await send(' ada.myshopify.com ');
    expect(await answer.text()).toContain('url=https://ada.myshopify.com/admin/oauth/authorize?');
  });

  it.each(['apple', 'github', 'nobody', ''])(
    'with %o is refused in words where it is not set up',
    async (connector) => {
      const me = await newPerson(owner);
      const refused = await act(me, 'connect', { connector });
      expect(refused.status).toBe(404);
      expect(textOf(await refused.text())).toContain('There is no such provider here.');
    },
  );

  it('says what the way back ended in, from a fixed table (CVE-2025-71404)', async () => {
    const me = await newPerson(owner);
    const page = textOf(await open(me, `${LIST}?problem=provider.denied`));
    expect(page).toContain('The provider says that you cancelled. Nothing has changed.');
    expect(await open(me, `${LIST}?problem=connection.wrong_account`)).toMatch(
      /role="alert"[^>]*>That is another account/,
    );
    expect(await open(me, `${LIST}?problem=zzmarkerzz&done=zzmarkerzz`)).not.toContain('zzmarkerzz');
    const id = await given(me);
    expect(await open(me, `${LIST}/${id}?problem=zzmarkerzz&done=zzmarkerzz`)).not.toContain('zzmarkerzz');
  });

  it('again asks for the same account in place, and comes back to its page', async () => {
    const me = await newPerson(owner);
    const id = await given(me, { status: 'revoked', scopes: `${all} mail.read` });
    const answer = await act(me, 'connect', { connector: 'demo', connection_id: id });
    expect(decodeURIComponent(await answer.text())).toContain('mail.read');
    const states = await owner.query('select redirect_url from oauth_states where user_id = $1', [me.userId]);
    expect(states).toEqual([{ redirect_url: `http://localhost:8787/account/connections/${id}?done=reconnected` }]);
  });
});

describe('the page of one connection', () => {
  it('explains how it is, with the evidence and the trail, and shows no token', async () => {
    const { person, connectionId: id } = await newConnected();
    const failure = { class: 'transient', code: 'http_503', status: 503, at };
    await owner.query(
      'update oauth_connections set failing_since = now(), failure_count = 3, last_failure = $2 where id = $1',
      [id, JSON.stringify(failure)],
    );
    const event = { connection_id: id, user_id: person.userId, connector_id: 'demo', created_at: inHours(1) };
    await insert(owner, 'connection_events', {
      id: newId(),
      ...event,
      event: 'refresh_failed',
      evidence: JSON.stringify(failure),
    });
    const page = await open(person, `${LIST}/${id}`);
    expect(sectionOf(page, 'state')).toContain('Failing Demo gives no new access just now.');
    expect(sectionOf(page, 'evidence')).toMatch(
      /Last failure .* Demo could not answer\. http_503, HTTP 503 Failed tries 3/,
    );
    const trail = sectionOf(page, 'trail');
    expect(trail).toMatch(
      /Refresh failed .* by itself Demo could not answer\. http_503, HTTP 503 Connected .* in a session/,
    );
    const row = await vaultRow(id);
    for (const secret of [row?.access_token, row?.refresh_token]) expect(page).not.toContain(String(secret));
  });

  it('shows granted against needed', async () => {
    const me = await newPerson(owner);
    const id = await given(me, { scopes: all.replace(' files.read', ' mail.read') });
    const text = sectionOf(await open(me, `${LIST}/${id}`), 'permissions');
    expect(text).toMatch(
      /Missing files\.read Granted openid , email , profile , offline_access , calendar\.read , mail\.read/,
    );
    const full = await given(me);
    expect(sectionOf(await open(me, `${LIST}/${full}`), 'permissions')).toContain('All that is needed was granted.');
  });

  it.each([
    'connected',
    'reconnected',
    'recovered',
    'token_read',
    'refresh_failed',
    'needs_reauthorization',
    'disconnected',
  ])('has words of its own for %s', async (event) => {
    const me = await newPerson(owner);
    const id = await given(me);
    await insert(owner, 'connection_events', {
      id: newId(),
      connection_id: id,
      user_id: me.userId,
      connector_id: 'demo',
      event,
    });
    const trail = sectionOf(await open(me, `${LIST}/${id}`), 'trail');
    expect(trail).not.toContain(event);
    expect(trail).not.toContain('Something else');
  });

  it.each([
    [{ next_refresh_at: inHours(1), expires_at: inHours(2) }, 'is refreshed by itself before its access runs out.'],
    [{ expires_at: inHours(2) }, 'works until its access runs out. Demo gives no way to refresh it'],
    [{}, 'The connection works. '],
  ])('promises what it can keep: %o', async (columns, words) => {
    const me = await newPerson(owner);
    const id = await given(me, columns);
    expect(sectionOf(await open(me, `${LIST}/${id}`), 'state')).toContain(words);
  });

  it.each([
    ['configuration', 'Demo does not take this service itself, whoever asks.'],
    ['transient', 'Demo does not answer just now.'],
  ])('says that the provider is left alone for a while: %s', async (failureClass, words) => {
    const me = await newPerson(owner);
    const client_id = newId();
    const id = await given(me, { client_id });
    await insert(owner, 'connector_breakers', {
      connector_id: 'demo',
      client_id,
      opened_at: at,
      open_until: inHours(1),
      last_failure: JSON.stringify({ class: failureClass, code: 'invalid_client', status: 401, at }),
    });
    const page = await open(me, `${LIST}/${id}`);
    expect(sectionOf(page, 'state')).toContain(`Paused ${words}`);
    expect(sectionOf(page, 'evidence')).toMatch(/Left alone until .* invalid_client/);
  });

  it('of a provider that is not set up any more offers to disconnect, and nothing else', async () => {
    const me = await newPerson(owner);
    const id = await given(me);
    const page = await open(me, `${LIST}/${id}`, withoutProviders);
    expect(sectionOf(page, 'state')).toContain('Demo is not set up here any more');
    expect([...page.matchAll(/action="\/account\/connections\/(\w+)"/g)].map(([, action]) => action)).toEqual([
      'disconnect',
    ]);
  });

  it.each(['nonsense', newId(), '%00', 'refresh'])(
    'that is not there (%s) leads to the list, without a failure',
    async (id) => {
      const me = await newPerson(owner);
      const response = await browse(`${LIST}/${id}`, { headers: asking(me) });
      expect([303, 404]).toContain(response.status);
      if (response.status === 303) expect(response.headers.get('location')).toBe(LIST);
      else expect(textOf(await response.text())).toContain('There is no such connection.');
    },
  );
});

describe('what can be done with a connection', () => {
  it('is refreshing it now', async () => {
    const { person, connectionId: id } = await newConnected();
    await owner.query("update oauth_connections set granted_at = granted_at - interval '1 hour' where id = $1", [id]);
    const before = await vaultRow(id);
    const done = await act(person, 'refresh', { connection_id: id });
    expect(done.headers.get('location')).toBe(`${LIST}/${id}?done=refreshed`);
    expect(await open(person, `${LIST}/${id}?done=refreshed`)).toContain('its access is fresh');
    expect((await vaultRow(id))?.version).not.toEqual(before?.version);
  });

  it('refused, says why on its page', async () => {
    const me = await newPerson(owner);
    const id = await given(me, { status: 'revoked' });
    const refused = await act(me, 'refresh', { connection_id: id });
    expect(refused.status).toBe(409);
    const page = await refused.text();
    expect(page).toMatch(/role="alert"[^>]* autofocus[^>]*>The provider no longer takes this connection\./);
    expect(sectionOf(page, 'state')).toContain('Action needed');
    expect(page).not.toContain('/account/connections/refresh');
  });

  it('is making it the primary one of several', async () => {
    const me = await newPerson(owner);
    const first = await given(me);
    expect(await open(me, `${LIST}/${first}`)).not.toContain('Primary');
    const second = await given(me);
    expect(await open(me, `${LIST}/${first}`)).not.toContain('Make primary');
    expect(await open(me, `${LIST}/${second}`)).toContain('Make primary');
    const done = await act(me, 'primary', { connection_id: second });
    expect(done.headers.get('location')).toBe(`${LIST}/${second}?done=primary`);
    expect(await open(me, `${LIST}/${first}`)).toContain('Make primary');
    expect(sectionOf(await open(me, LIST), 'connected').match(/Primary/g)).toHaveLength(1);
  });

  it('is disconnecting it, once, though the form is sent twice', async () => {
    const me = await newPerson(owner);
    const id = await given(me);
    const nonce = nonceOf(await open(me, `${LIST}/${id}`));
    for (let sent = 0; sent < 2; sent += 1) {
      const done = await act(me, 'disconnect', { connection_id: id, nonce });
      expect(done.headers.get('location')).toBe(`${LIST}?done=disconnected`);
    }
    expect(textOf(await open(me, `${LIST}?done=disconnected`))).toMatch(/is disconnected, .* Connected None yet\./);
    const events = await owner.query(
      "select 1 from connection_events where connection_id = $1 and event = 'disconnected'",
      [id],
    );
    expect(events).toHaveLength(1);
  });

  it('is nothing with somebody else’s, and no answer tells whether it exists', async () => {
    const [me, other] = [await newPerson(owner), await newPerson(owner)];
    const theirs = await given(other);
    const before = await vaultRow(theirs);
    const answerOf = async (action: string, id: string) => {
      const refused = await act(me, action, { connector: 'demo', connection_id: id });
      const text = (await refused.text()).replaceAll(/value="[\w-]{43}"/g, '');
      return [refused.status, text] as const;
    };
    for (const action of ['connect', 'refresh', 'primary', 'disconnect']) {
      const [status, text] = await answerOf(action, theirs);
      expect([status, textOf(text).includes('There is no such connection.')]).toEqual([404, true]);
      expect(await answerOf(action, newId())).toEqual([status, text]);
    }
    expect(await vaultRow(theirs)).toEqual(before);
  });

  it('is nothing when another site sends the form with the cookie', async () => {
    const me = await newPerson(owner);
    const id = await given(me);
    for (const action of ['connect', 'refresh', 'primary', 'disconnect']) {
      const forged = { ...asking(me), origin: 'https://evil.example' };
      const fields = { connector: 'demo', connection_id: id };
      expect((await post(`${LIST}/${action}`, fields, forged)).status).toBe(403);
    }
    expect(await vaultRow(id)).toBeDefined();
  });

  it.each(['', 'nonsense', 'a\0b', '../..'])('is refused for %o without a failure', async (connection_id) => {
    const me = await newPerson(owner);
    for (const action of ['connect', 'refresh', 'primary', 'disconnect']) {
      const response = await act(me, action, { connector: 'demo', connection_id });
      const isConnect = action === 'connect' && connection_id === '';
      expect([action, response.status < 500, isConnect || response.status >= 400]).toEqual([action, true, true]);
    }
  });
});

describe('coming back', () => {
  it('from a refusal of ours, or without an address of one’s own, is to the list', async () => {
    const { person, browser, connectionId: id } = await newConnected();
    expect(await connect(browser, newAccount(), { connectionId: id })).toBe(`${LIST}?problem=connection.wrong_account`);
    expect(await connect(browser, newAccount(), { redirectUrl: undefined })).toBe(`${LIST}?done=connected`);
    expect(sectionOf(await open(person, LIST), 'connected').match(/Healthy/g)).toHaveLength(2);
  });

  it('to somebody whose session has ended begins with signing in, and goes on here', async () => {
    const me = await newPerson(owner);
    await owner.query('update user_sessions set revoked_at = now() where id = $1', [me.sessionId]);
    const page = await browse(LIST, { headers: asking(me) });
    expect(page.headers.get('location')).toBe('/sign-in?redirect_url=/account/connections&done=session_ended');
  });
});
