import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { insert, inHours, newPerson, type Person } from '../../support/owner.ts';
import { owner } from '../../support/worker.ts';
import { asking, browse, type Fields, form, nonceOf, open, post, textOf, withoutProviders } from './browse.ts';

const PAGE = '/integrations';
const scopes = 'openid email profile offline_access calendar.read files.read';

/** A grant in the vault whose values nobody opens. */
async function grant(me: Person, columns: object = {}): Promise<string> {
  const id = newId();
  await insert(owner, 'oauth_connections', {
    id,
    user_id: me.userId,
    connector_id: 'demo',
    account_id: id,
    access_token: 'x',
    expires_at: inHours(1),
    scopes,
    ...columns,
  });
  return id;
}

/** A linked account: of the demo calendar with a grant that works, where nothing else is said. */
async function linked(me: Person, columns: Record<string, unknown> = {}, vault: object = {}): Promise<string> {
  const id = newId();
  const connection = 'service_id' in columns ? {} : { connection_id: await grant(me, vault) };
  const row = { id, user_id: me.userId, service_id: 'demo_calendar', external_user_id: id, ...connection, ...columns };
  await insert(owner, 'user_integrations', row);
  return id;
}

const telegram = (me: Person, columns: object = {}) => linked(me, { service_id: 'telegram', ...columns });
const rowOf = async (id: string) => (await owner.query('select * from user_integrations where id = $1', [id]))[0];
const act = (me: Person, action: string, fields: Fields) => post(`${PAGE}/${action}`, fields, asking(me));
const sectionOf = (page: string, id: string) =>
  textOf(new RegExp(`<section[^>]* aria-labelledby="${id}">.*?</section>`, 's').exec(page)?.[0] ?? '');
const account = (page: string, id: string) => {
  const item = page.split('<li').find((part) => part.includes(id)) ?? '';
  return textOf(`<li${item}`);
};

describe('the page of integrations', () => {
  it('is linked from the account, with how many there are and whether one waits for its person', async () => {
    const me = await newPerson(owner);
    expect(sectionOf(await open(me), 'integrations')).toContain('None yet. Connect a service');
    await linked(me);
    expect(sectionOf(await open(me), 'integrations')).toContain('One account of a service is linked. See your');
    await linked(me, {}, { status: 'revoked' });
    expect(sectionOf(await open(me), 'integrations')).toMatch(
      /Action needed 2 accounts of services are linked\. 1 needs to be connected again\./,
    );
  });

  it('asks whoever is not signed in to sign in first, and leads back', async () => {
    const first = await browse(PAGE);
    expect(first.headers.get('location')).toBe('/sign-in?redirect_url=/integrations');
    const ended = await browse(PAGE, { headers: { cookie: `gatehouse_session=gts_${'A'.repeat(43)}` } });
    expect(ended.headers.get('location')).toBe('/sign-in?redirect_url=/integrations&done=session_ended');
    for (const action of ['connect', 'link', 'activate', 'rename', 'primary', 'disconnect']) {
      expect((await post(`${PAGE}/${action}`, {})).headers.get('location')).toBe(first.headers.get('location'));
      expect((await browse(`${PAGE}/${action}`)).headers.get('location')).toBe(PAGE);
    }
  });

  it('offers every active service: a button, a form, or that it is not set up here', async () => {
    const me = await newPerson(owner);
    const page = await open(me, PAGE);
    expect(sectionOf(page, 'linked')).toContain('None yet.');
    expect(sectionOf(page, 'connect')).toMatch(/Demo Calendar Connect .* Gmail Not available here/);
    expect(page).toMatch(/aria-label="Connect Demo Calendar"/);
    expect(sectionOf(page, 'connect')).toMatch(/Connect Telegram Telegram: Id .* Username/);
    await linked(me);
    expect(await open(me, PAGE)).toMatch(/aria-label="Connect another Demo Calendar account"/);
    expect(sectionOf(await open(me, PAGE, withoutProviders), 'connect')).toMatch(/Demo Calendar Not available here/);
  });

  it('groups many accounts by service, each with whose it is and a link to its connection', async () => {
    const me = await newPerson(owner);
    const id = await linked(me, { display_label: 'Work', external_username: 'ada@work.example' });
    const unknown = await linked(me, { external_user_id: null });
    await telegram(me, { external_user_id: '4711' });
    const page = await open(me, PAGE);
    const calendar = sectionOf(page, 'service-demo_calendar');
    expect(calendar).toMatch(/Demo Calendar Work Works Primary ada@work\.example · connected \d+ \w+ \d{4}/);
    expect(calendar).toContain('Account not known yet');
    expect(sectionOf(page, 'service-telegram')).toMatch(/Telegram 4711 Works connected/);
    for (const one of [id, unknown]) {
      expect(page).toContain(`href="/account/connections/${String((await rowOf(one))?.connection_id)}"`);
    }
  });

  it('tells accounts of the same name apart by their ids', async () => {
    const me = await newPerson(owner);
    await telegram(me, { external_username: '@ada', external_user_id: '4711' });
    expect(sectionOf(await open(me, PAGE), 'service-telegram')).not.toContain('4711');
    await telegram(me, { external_username: '@ada', external_user_id: '4712' });
    expect(sectionOf(await open(me, PAGE), 'service-telegram')).toMatch(/@ada .* 4711 .* @ada .* 4712/);
  });

  it.each([
    [{}, 'Works', null],
    [
      { expires_at: inHours(-1), next_refresh_at: inHours(-1) },
      'Works',
      'Its access has run out, and is refreshed by itself.',
    ],
    [
      { expires_at: inHours(-1), failing_since: inHours(-1) },
      'Failing',
      'gives no new access just now. We try again by ourselves.',
    ],
    [{ expires_at: inHours(-1) }, 'Action needed', 'has run out. Connect the account again.'],
    [{ status: 'expired' }, 'Action needed', 'has run out. Connect the account again.'],
    [{ status: 'revoked' }, 'Action needed', 'its access was ended there. Connect the account again.'],
    [{ status: 'error' }, 'Action needed', 'What is stored here for this account cannot be used.'],
    [{ scopes: 'openid' }, 'Permission missing', 'Missing: calendar.read . Connect again to add it.'],
  ])('says how an account is and what to do: %o', async (vault, badge, reason) => {
    const me = await newPerson(owner);
    const id = await linked(me, {}, vault);
    const page = await open(me, PAGE);
    expect(account(page, id)).toContain(` ${badge} `);
    if (reason) expect(account(page, id)).toContain(reason);
    const isNeeded = badge !== 'Works' && badge !== 'Failing';
    expect(/Connect Demo Calendar \([^)]*\) again/.test(page)).toBe(isNeeded);
    const elsewhere = await open(me, PAGE, withoutProviders);
    if (isNeeded) expect(account(elsewhere, id)).toContain('Demo Calendar cannot be connected here at present.');
  });

  it('says that no access is stored for an account', async () => {
    const me = await newPerson(owner);
    const id = await linked(me, { connection_id: null });
    expect(account(await open(me, PAGE), id)).toContain('No access to this account is stored here.');
  });

  it('shows what people and providers wrote as text, isolated from what stands around it', async () => {
    const me = await newPerson(owner);
    await telegram(me, { display_label: '<b>x</b> \u202eevil', external_user_id: '"><script>' });
    const page = await open(me, PAGE);
    expect(page).not.toMatch(/<b>x|<script>|\sstyle=/);
    expect(page).toContain('<bdi>&lt;b&gt;x&lt;/b&gt; \u202eevil</bdi>');
  });

  it('shows nobody else’s, and nothing that an address says', async () => {
    const [me, other] = [await newPerson(owner), await newPerson(owner)];
    const id = await linked(other);
    expect(await open(me, PAGE)).not.toContain(id);
    expect(await open(me, `${PAGE}?cursor=${id}`)).not.toContain(id);
    expect(await open(me, `${PAGE}?problem=zzmarkerzz&done=zzmarkerzz&cursor=zzmarkerzz`)).not.toContain('zzmarkerzz');
    expect(await open(me, `${PAGE}?problem=connection.limit_reached`)).toMatch(
      /role="alert"[^>]*>There are 200 connections already/,
    );
  });

  it('goes on where there are more accounts than a page shows', async () => {
    const me = await newPerson(owner);
    await owner.query(
      `insert into user_integrations (id, user_id, service_id, external_user_id)
        select gen_random_uuid(), $1, 'telegram', 'number-' || n from generate_series(1, 130) n`,
      [me.userId],
    );
    const first = await open(me, PAGE);
    const [, next = ''] = /href="([^"]+)">Show more/.exec(first) ?? [];
    const second = await open(me, next);
    expect(second).not.toContain('Show more');
    const numbers = [first, second].flatMap((page) => page.match(/<bdi>number-\d+<\/bdi> <span/g) ?? []);
    expect(new Set(numbers).size).toBe(130);
  });
});

describe('connecting a service', () => {
  it('goes to its provider for this person alone, and comes back to the page', async () => {
    const me = await newPerson(owner);
    const nonce = nonceOf(await open(me, PAGE));
    const answer = await act(me, 'connect', { service: 'demo_calendar', nonce });
    const text = await answer.text();
    expect([answer.status, textOf(text).includes('Go on to Demo')]).toEqual([200, true]);
    const address = /content="0; url=([^"]+)"/.exec(text)?.[1]?.replaceAll('&amp;', '&') ?? '';
    expect(new URL(address).searchParams.get('scope')?.split(' ')).toContain('calendar.read');
    const states = await owner.query('select purpose, redirect_url from oauth_states where user_id = $1', [me.userId]);
    expect(states).toEqual([{ purpose: 'connect', redirect_url: 'http://localhost:8787/integrations?done=connected' }]);
  });

  it('again goes there for the same account', async () => {
    const me = await newPerson(owner);
    const id = await linked(me, {}, { status: 'revoked' });
    const page = await open(me, PAGE);
    const connection = String((await rowOf(id))?.connection_id);
    expect(page).toContain(`name="connection_id" value="${connection}"`);
    await act(me, 'connect', { service: 'demo_calendar', connection_id: connection, nonce: nonceOf(page) });
    const states = await owner.query('select redirect_url from oauth_states where user_id = $1', [me.userId]);
    expect(states).toEqual([{ redirect_url: 'http://localhost:8787/integrations?done=reconnected' }]);
  });

  it.each([
    ['connect', 'nobody', 'There is no such service'],
    ['connect', '', 'There is no such service'],
    ['connect', 'gmail', 'There is no such provider here.'],
    ['link', 'nobody', 'There is no such service'],
  ])('%s with %o is refused in words', async (action, service, words) => {
    const me = await newPerson(owner);
    const refused = await act(me, action, { service, external_user_id: '4711' });
    expect([refused.status, textOf(await refused.text()).includes(words)]).toEqual([404, true]);
  });

  it('of messages links its account by id, once though the form is sent twice', async () => {
    const me = await newPerson(owner);
    const nonce = nonceOf(await open(me, PAGE));
    for (let sent = 0; sent < 2; sent += 1) {
      const fields = { service: 'telegram', external_user_id: ' 4711 ', external_username: '@ada', nonce };
      expect((await act(me, 'link', fields)).headers.get('location')).toBe(`${PAGE}?done=connected`);
    }
    const rows = await owner.query(
      'select service_id, external_user_id, external_username, is_active from user_integrations where user_id = $1',
      [me.userId],
    );
    expect(rows).toEqual([
      { service_id: 'telegram', external_user_id: '4711', external_username: '@ada', is_active: true },
    ]);
  });

  it.each([
    ['', 'Type the id of the account.'],
    ['x'.repeat(256), 'An id has 1 to 255 characters on one line, and none that turns its direction.'],
    ['a\u202eb', 'An id has 1 to 255 characters on one line, and none that turns its direction.'],
    ['a\0b', 'An id has 1 to 255 characters on one line, and none that turns its direction.'],
  ])('of messages says beside the field what is wrong with %o', async (id, words) => {
    const me = await newPerson(owner);
    const refused = await act(me, 'link', { service: 'signal', external_user_id: id, external_username: '"@ada' });
    expect(refused.status).toBe(400);
    const page = await refused.text();
    expect(page).toMatch(/<details open="">\s*<summary>Connect Signal/);
    expect(page).toMatch(/id="signal-external_user_id"[^>]* autofocus[^>]* aria-invalid="true"/);
    expect(textOf(page)).toContain(words);
    expect(page).toContain('value="&quot;@ada"');
  });
});

describe('what can be done with a linked account', () => {
  it('is giving it a label, and taking it away', async () => {
    const me = await newPerson(owner);
    const number = newId();
    const id = await telegram(me, { external_user_id: number });
    const done = await act(me, 'rename', { integration_id: id, label: '  البريد  ' });
    expect(done.headers.get('location')).toBe(`${PAGE}?done=labelled`);
    expect(sectionOf(await open(me, PAGE), 'service-telegram')).toContain(`Telegram البريد Works ${number}`);
    await act(me, 'rename', { integration_id: id, label: ' ' });
    expect((await rowOf(id))?.display_label).toBeNull();
  });

  it('is giving it a label, refused beside the field with what was typed', async () => {
    const me = await newPerson(owner);
    const id = await telegram(me);
    const refused = await act(me, 'rename', { integration_id: id, label: `"${'x'.repeat(255)}` });
    expect(refused.status).toBe(400);
    const page = await refused.text();
    expect(page).toMatch(new RegExp(`id="label-${id}"[^>]* autofocus[^>]* value="&quot;x+" aria-invalid="true"`));
    expect(textOf(page)).toContain('A label has at most 255 characters');
    expect((await rowOf(id))?.display_label).toBeNull();
  });

  it('is making it the primary one of several', async () => {
    const me = await newPerson(owner);
    const first = await telegram(me);
    expect(await open(me, PAGE)).not.toContain('Primary');
    const second = await telegram(me);
    expect(account(await open(me, PAGE), first)).toContain('Primary');
    const done = await act(me, 'primary', { integration_id: second });
    expect(done.headers.get('location')).toBe(`${PAGE}?done=primary`);
    const page = await open(me, PAGE);
    expect([account(page, first), account(page, second)].map((text) => text.includes('Primary'))).toEqual([
      false,
      true,
    ]);
  });

  it('is disconnecting it softly, and connecting it again', async () => {
    const me = await newPerson(owner);
    const id = await linked(me, { display_label: 'Work' });
    const page = await open(me, PAGE);
    expect(page).toContain('aria-label="Disconnect Demo Calendar (Work)"');
    for (let sent = 0; sent < 2; sent += 1) {
      const done = await act(me, 'disconnect', { integration_id: id, nonce: nonceOf(page) });
      expect(done.headers.get('location')).toBe(`${PAGE}?done=deactivated`);
    }
    expect(await rowOf(id)).toMatchObject({ is_active: false, connection_id: expect.any(String) });
    const after = await open(me, `${PAGE}?done=deactivated`);
    expect(sectionOf(after, 'linked')).toContain('None yet.');
    expect(sectionOf(after, 'disconnected')).toMatch(/Demo Calendar: Work .* Connect again/);
    const again = await act(me, 'activate', { integration_id: id });
    expect(again.headers.get('location')).toBe(`${PAGE}?done=reconnected`);
    expect(sectionOf(await open(me, PAGE), 'service-demo_calendar')).toContain('Work Works');
  });

  it('that is disconnected is going to its provider where its access is over', async () => {
    const me = await newPerson(owner);
    await linked(me, { is_active: false }, { status: 'revoked' });
    const page = await open(me, PAGE);
    expect(page).not.toContain('/integrations/activate');
    const button = /action="\/integrations\/connect"[^]*?aria-label="Connect Demo Calendar \([^)]*\) again"/;
    expect(page).toMatch(button);
    expect(sectionOf(await open(me, PAGE, withoutProviders), 'disconnected')).toContain('cannot be connected here');
  });

  const actions = ['connect', 'rename', 'primary', 'activate', 'disconnect'];

  it('is nothing with somebody else’s, and no answer tells whether it exists', async () => {
    const [me, other] = [await newPerson(owner), await newPerson(owner)];
    const theirs = await linked(other, { is_active: false });
    const before = await rowOf(theirs);
    const answerOf = async (action: string, id: string, connection: string) => {
      const fields = { service: 'demo_calendar', connection_id: connection, integration_id: id, label: 'mine' };
      const refused = await act(me, action, fields);
      const text = (await refused.text()).replaceAll(/value="[\w-]{43}"/g, '');
      return [refused.status, text] as const;
    };
    for (const action of actions) {
      const [status, text] = await answerOf(action, theirs, String(before?.connection_id));
      expect([action, status, /There is no such (integration|connection)\./.test(textOf(text))]).toEqual([
        action,
        404,
        true,
      ]);
      expect(await answerOf(action, newId(), newId())).toEqual([status, text]);
    }
    expect(await rowOf(theirs)).toEqual(before);
  });

  it('is nothing when another site sends the form with the cookie', async () => {
    const me = await newPerson(owner);
    const id = await linked(me);
    const before = await rowOf(id);
    for (const action of [...actions, 'link']) {
      const forged = { ...asking(me), origin: 'https://evil.example' };
      const fields = { service: 'telegram', external_user_id: '1', integration_id: id, label: 'theirs' };
      expect((await post(`${PAGE}/${action}`, fields, forged)).status).toBe(403);
    }
    expect(await rowOf(id)).toEqual(before);
  });

  it.each(['', 'nonsense', 'a\0b', '../..'])('is refused for %o without a failure', async (id) => {
    const me = await newPerson(owner);
    for (const action of actions.slice(1)) {
      const response = await act(me, action, { integration_id: id, label: 'x' });
      expect([action, response.status]).toEqual([action, 400]);
      expect(textOf(await response.text())).toContain('That could not be read.');
    }
    const body = '{"integration_id": "x"}';
    const headers = { ...form({}, asking(me)).headers, 'content-type': 'application/json' };
    expect((await browse(`${PAGE}/rename`, { method: 'POST', headers, body })).status).toBeLessThan(500);
  });
});
