import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { loginEventTypes } from '../../../src/domain/auth/schemas.ts';
import { insert, newPerson, newSession } from '../../support/owner.ts';
import { owner } from '../../support/worker.ts';
import { asking, browse, open, post, textOf } from './browse.ts';

describe('the account page', () => {
  it('shows what a person wrote as text, wherever it stands', async () => {
    const markup = '"><script>alert(1)</script>';
    const me = await newPerson(owner, {
      user: { display_name: markup, bio: `</textarea>${markup}`, position: markup },
      session: { device_name: markup, browser: markup, location_city: markup },
    });
    const page = await open(me);
    expect(page).not.toContain('<script>');
    expect(page).not.toContain('</textarea>"');
    expect(page.match(/&quot;&gt;&lt;script&gt;/g)?.length).toBeGreaterThanOrEqual(5);
  });

  it('pages through the history, ten at a time, to its end and back', async () => {
    const me = await newPerson(owner);
    for (let minute = 10; minute < 35; minute += 1) {
      const created_at = `2026-01-01T00:${minute}:00Z`;
      await insert(owner, 'login_history', {
        id: newId(),
        user_id: me.userId,
        event_type: 'login_success',
        success: true,
        created_at,
      });
    }
    const times = (page: string) =>
      [...page.matchAll(/datetime="2026-01-01T00:(\d\d)/g)].map(([, minute]) => Number(minute));
    const older = (page: string) => /href="(\/account\?cursor=[^"#]+)#history">Older/.exec(page)?.[1];
    const first = await open(me);
    const second = await open(me, older(first));
    const third = await open(me, older(second));
    expect([...times(first), ...times(second), ...times(third)]).toEqual(
      Array.from({ length: 25 }, (_, index) => 34 - index),
    );
    expect(first).not.toContain('>Newest<');
    expect(third).toContain('>Newest<');
    expect(older(third)).toBeUndefined();
  });

  it.each(['nonsense', '%00', newId(), "' or 1=1"])('takes %s for a cursor without harm', async (cursor) => {
    const me = await newPerson(owner);
    const response = await browse(`/account?cursor=${encodeURIComponent(cursor)}`, { headers: asking(me) });
    expect(response.status).toBe(200);
  });

  it.each(loginEventTypes)('has words of its own for %s in the history', async (event_type) => {
    const me = await newPerson(owner);
    await insert(owner, 'login_history', { id: newId(), user_id: me.userId, event_type, success: true });
    const page = textOf(await open(me)).split('Recent activity')[1] ?? '';
    expect(page).not.toContain(event_type);
    expect(page).not.toContain('Something else');
  });

  it.each([
    ['magic_link', 'login_success', 'Signed in by mail'],
    ['passkey', 'login_success', 'Signed in by passkey'],
    ['oauth', 'login_success', 'Signed in by a linked account'],
    ['mfa', 'login_success', 'Confirmed that it was you'],
    ['passkey', 'login_failed', 'Attempt to sign in by passkey'],
    ['passkey', 'passkey_removed', 'Passkey removed'],
    ['of_later_times', 'of_later_times', 'Something else'],
  ])('says how: %s with %s is "%s"', async (auth_method, event_type, words) => {
    const me = await newPerson(owner);
    const event = { id: newId(), user_id: me.userId, event_type, auth_method, success: true };
    await insert(owner, 'login_history', event);
    expect(textOf(await open(me))).toMatch(new RegExp(`${words} \\d`));
  });

  it('says in words why an attempt was refused', async () => {
    const me = await newPerson(owner);
    const refused = { event_type: 'login_failed', success: false, failure_reason: 'magic_link.other_browser' };
    await insert(owner, 'login_history', { id: newId(), user_id: me.userId, ...refused });
    await insert(owner, 'login_history', {
      id: newId(),
      user_id: me.userId,
      ...refused,
      failure_reason: 'of.later_times',
    });
    await insert(owner, 'login_history', {
      id: newId(),
      user_id: me.userId,
      ...refused,
      failure_reason: 'passkey.counter_regressed',
    });
    const page = await open(me);
    expect(page).toContain('The link was opened in another browser');
    expect(page).toContain('The counter of the passkey went back');
    expect(page).not.toContain('of.later_times');
  });

  it('shows times even where a time zone came in that nobody knows', async () => {
    const me = await newPerson(owner, { user: { time_zone: 'Mars/Olympus_Mons' } });
    expect(await open(me)).toContain('Where you are signed in');
  });

  it('tells a suspended person so, as a page', async () => {
    const me = await newPerson(owner, { user: { suspended_at: new Date().toISOString() } });
    const response = await browse('/account', { headers: asking(me) });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('Your account is suspended');
  });
});

describe('the forms of the account page', () => {
  it('change nothing when another site sends them with the cookie', async () => {
    const me = await newPerson(owner, { user: { display_name: 'Ada' } });
    const forged = { ...asking(me), origin: 'https://evil.example' };
    for (const path of ['/account/profile', '/account/sessions/revoke-others', '/account/sign-out']) {
      expect((await post(path, { display_name: 'Eve' }, forged)).status).toBe(403);
    }
    expect(await open(me)).toContain('Hello, Ada');
  });

  it('cannot end the session of somebody else (CVE-2025-71402)', async () => {
    const [me, other] = [await newPerson(owner), await newPerson(owner)];
    const response = await post('/account/sessions/revoke', { session_id: other.sessionId }, asking(me));
    expect(response.status).toBe(404);
    expect(await response.text()).toContain('There is no such session.');
    expect(await open(other)).toContain('Where you are signed in');
  });

  it('end one session, or all others, and the page says so from a fixed table', async () => {
    const me = await newPerson(owner);
    const others = [await newSession(owner, me.userId), await newSession(owner, me.userId)];
    const ended = await post('/account/sessions/revoke', { session_id: others[0]?.sessionId ?? '' }, asking(me));
    expect([ended.status, ended.headers.get('location')]).toEqual([303, '/account?done=revoked']);
    expect(await open(me, '/account?done=revoked')).toContain('That session is signed out.');
    expect((await open(me)).match(/action="\/account\/sessions\/revoke"/g)).toHaveLength(1);
    const all = await post('/account/sessions/revoke-others', {}, asking(me));
    expect(all.headers.get('location')).toBe('/account?done=revoked_others');
    expect(await open(me)).toContain('You are signed in nowhere else.');
  });

  it.each([
    ['an empty profile', {}],
    ['U+0000', { display_name: 'a\0b' }],
    ['a long name', { display_name: 'x'.repeat(256) }],
    ['an unknown time zone', { time_zone: 'Mars/Olympus' }],
    ['a long text', { bio: 'x'.repeat(2001) }],
  ] as [string, Record<string, string>][])('take or refuse %s without a failure', async (_, fields) => {
    const me = await newPerson(owner, { user: { display_name: 'Ada' } });
    const response = await post('/account/profile', fields, asking(me));
    if (Object.keys(fields).length === 0) return expect(response.headers.get('location')).toBe('/account?done=profile');
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('aria-invalid="true"');
    expect(await open(me)).toContain('Hello, Ada');
  });

  it('are not needed twice: signing out succeeds when the answer was lost', async () => {
    const me = await newPerson(owner);
    for (let sent = 0; sent < 2; sent += 1) {
      const response = await post('/account/sign-out', {}, asking(me));
      expect(response.headers.get('location')).toBe('/sign-in?done=signed_out');
      expect(response.headers.get('set-cookie')).toContain('gatehouse_session=; Max-Age=0');
    }
  });
});
