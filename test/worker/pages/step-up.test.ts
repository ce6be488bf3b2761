import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { inHours, newPerson, newSession, type Person } from '../../support/owner.ts';
import { createAuthenticator } from '../../support/authenticator.ts';
import { registerPasskey } from '../../support/passkeys.ts';
import { owner, readMail } from '../../support/worker.ts';
import { asking, browse, cookiesOf, nonceOf, open, post, stalePerson, textOf } from './browse.ts';

const lastProof = async (me: Person) => {
  const [row] = await owner.query<{ at: string }>('select authenticated_at as at from user_sessions where id = $1', [
    me.sessionId,
  ]);
  return row?.at;
};

/** Asks for the mail of a step-up: its code, and the cookies that the browser then has. */
async function askForMail(me: Person, redirectUrl = '/account') {
  const page = await open(me, `/step-up?redirect_url=${encodeURIComponent(redirectUrl)}`);
  const answer = await post('/step-up', { nonce: nonceOf(page), redirect_url: redirectUrl }, asking(me));
  const { code = '', token = '' } = (await readMail(me.email)) ?? {};
  const cookie = `${asking(me).cookie}; ${cookiesOf(answer)}`;
  return { answer, code, token, cookie };
}

const known = newId();

describe('a change that needs a proof of today', () => {
  it.each([
    ['/account/email', { email: 'new@example.com' }],
    ['/account/passkeys/rename', { passkey_id: newId(), name: 'x' }],
    ['/account/passkeys/remove', { passkey_id: newId() }],
    ['/account/social/unlink', { account_id: newId() }],
    ['/account/tokens', { name: 'x', days: '90', scopes: 'profile:read' }],
    ['/account/tokens/rotate', { token_id: newId(), overlap_hours: '24' }],
    ['/account/tokens/revoke', { token_id: newId() }],
    ['/account/connections/connect', { connector: 'demo' }, '/account/connections'],
    ['/account/connections/connect', { connector: 'demo', connection_id: known }, `/account/connections/${known}`],
    ['/integrations/connect', { service: 'demo_calendar' }, '/integrations'],
    ['/integrations/link', { service: 'signal', external_user_id: known }, '/integrations'],
  ] as [string, Record<string, string>, string?][])('%s leads to /step-up, and back', async (path, fields, home) => {
    const response = await post(path, fields, asking(await stalePerson()));
    const location = `/step-up?redirect_url=${home ?? '/account'}`;
    expect([response.status, response.headers.get('location')]).toEqual([303, location]);
  });

  it('is none for the profile and for ending sessions', async () => {
    const me = await stalePerson();
    const saved = await post('/account/profile', { display_name: 'Ada' }, asking(me));
    expect(saved.headers.get('location')).toBe('/account?done=profile');
    const ended = await post('/account/sessions/revoke-others', {}, asking(me));
    expect(ended.headers.get('location')).toBe('/account?done=revoked_others');
  });
});

describe('the page that asks for a proof', () => {
  it('offers what the account has: a mail, a passkey, both, or neither', async () => {
    const [byMail, byBoth] = [await newPerson(owner), await newPerson(owner)];
    await registerPasskey(byBoth, await createAuthenticator());
    const user = { email_verified_at: null };
    const [byNothing, byPasskey] = [await newPerson(owner, { user }), await newPerson(owner, { user })];
    await registerPasskey(byPasskey, await createAuthenticator());
    const offers = async (me: Person) => {
      const page = await open(me, '/step-up');
      return [page.includes('data-passkey='), page.includes('action="/step-up"'), page.includes('Sign out, sign in')];
    };
    expect(await offers(byMail)).toEqual([false, true, false]);
    expect(await offers(byBoth)).toEqual([true, true, false]);
    expect(await offers(byPasskey)).toEqual([true, false, false]);
    expect(await offers(byNothing)).toEqual([false, false, true]);
  });

  it('confirms nothing by being opened', async () => {
    const me = await stalePerson();
    const { token } = await askForMail(me);
    const before = await lastProof(me);
    for (const method of ['GET', 'HEAD']) await browse(`/step-up?token=${token}`, { method, headers: asking(me) });
    expect(await lastProof(me)).toEqual(before);
  });

  it.each([
    ['/account?cursor=1#tokens', '/account?cursor=1#tokens', '/account?cursor=1&amp;done=confirmed#tokens'],
    ['https://app.example.com/x', '/account', '/account?done=confirmed'],
    ['https://zzmarkerzz.example', '/account', '/account?done=confirmed'],
    ['//zzmarkerzz.example', '/account', '/account?done=confirmed'],
    ['javascript:zzmarkerzz', '/account', '/account?done=confirmed'],
  ])('goes back to paths of ours alone: %s', async (candidate, back, next) => {
    const me = await stalePerson();
    await registerPasskey(await freshOf(me), await createAuthenticator());
    const page = await open(me, `/step-up?redirect_url=${encodeURIComponent(candidate)}`);
    expect(page).toContain(`<a href="${back}">Not now</a>`);
    expect(page).toContain(`name="redirect_url" value="${back}"`);
    expect(page.split(`data-next="${next}"`)).toHaveLength(3);
    expect(page).not.toContain('zzmarkerzz');
  });
});

describe('the code of a mail', () => {
  it('confirms without a script, gives the session a new secret, and then the change is done', async () => {
    const me = await stalePerson();
    const { answer, code, cookie } = await askForMail(me, '/account#tokens');
    const path = '/step-up/code?redirect_url=%2Faccount%23tokens';
    expect([answer.status, answer.headers.get('location')]).toEqual([303, path]);
    const page = await (await browse(path, { headers: { cookie } })).text();
    const fields = {
      code: `${code.slice(0, 3)} ${code.slice(3)}`,
      nonce: nonceOf(page),
      redirect_url: '/account#tokens',
    };
    const done = await post('/step-up/code', fields, { cookie });
    expect([done.status, done.headers.get('location')]).toEqual([303, '/account?done=confirmed#tokens']);
    const session = /gatehouse_session=(gts_[\w-]+)/.exec(cookiesOf(done))?.[1] ?? '';
    expect(session).not.toBe(me.token);
    expect(await open({ token: session }, '/account?done=confirmed')).toContain('Confirmed. Now try again.');
    const again = await post('/account/tokens/revoke', { token_id: newId() }, asking({ token: session }));
    expect(again.status).toBe(404);
    expect(textOf(await again.text())).toContain('There is no such API token.');
    // The old secret is worth nothing any more.
    expect((await browse('/account', { headers: asking(me) })).status).toBe(303);
  });

  it('that is wrong is counted in words, and confirms nothing', async () => {
    const me = await stalePerson();
    const { code, cookie } = await askForMail(me);
    const wrong = code === '000000' ? '000001' : '000000';
    const before = await lastProof(me);
    for (const words of ['2 tries are left', 'One try is left']) {
      const response = await post('/step-up/code', { code: wrong, redirect_url: '//zzmarkerzz' }, { cookie });
      expect(response.status).toBe(400);
      const page = await response.text();
      expect(page).toContain(words);
      expect(page).not.toContain('zzmarkerzz');
    }
    const empty = await post('/step-up/code', { code: '12' }, { cookie });
    expect(await empty.text()).toContain('The code has six digits.');
    expect(await lastProof(me)).toEqual(before);
  });

  it('is asked for once a minute, and the page says when again', async () => {
    const me = await stalePerson();
    await askForMail(me);
    const response = await post('/step-up', { redirect_url: '/account' }, asking(me));
    expect(response.status).toBe(429);
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await response.text()).toMatch(/role="alert"[^>]*>Too many attempts\. Try again in \d+ seconds/);
  });
});

/** The same person with a session of now, to set something up. */
async function freshOf(me: Person): Promise<Person> {
  return { ...me, ...(await newSession(owner, me.userId, { authenticated_at: inHours(0) })) };
}
