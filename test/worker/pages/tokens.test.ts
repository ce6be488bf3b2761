import { describe, expect, it } from 'vitest';
import { newPerson, type Person } from '../../support/owner.ts';
import { call, owner } from '../../support/worker.ts';
import { asking, browse, type Fields, nonceOf, open, post, textOf } from './browse.ts';

const SECRET = /gtk_[0-9A-Za-z]{36}/;
const fields = { name: 'Backup', days: '30', scopes: ['profile:read', 'sessions:read'] };
const create = (me: Person, more: Fields = {}) => post('/account/tokens', { ...fields, ...more }, asking(me));
const secretOf = async (response: Response) => SECRET.exec(await response.text())?.[0] ?? '';
const rows = (me: Person) =>
  owner.query<{ id: string; name: string }>('select id, name from api_tokens where user_id = $1', [me.userId]);

const idOf = async (me: Person) => (await rows(me))[0]?.id ?? '';

describe('a new token', () => {
  it('is shown once, on a page that nobody keeps, and works', async () => {
    const me = await newPerson(owner);
    const response = await create(me);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('no-store');
    const page = await response.text();
    const token = SECRET.exec(page)?.[0] ?? '';
    expect(page.match(new RegExp(SECRET, 'g'))).toHaveLength(1);
    expect(textOf(page)).toContain('It may: profile:read, sessions:read.');
    expect((await call('auth.getSession', undefined, { token })).data.userId).toBe(me.userId);
    const account = await open(me);
    expect(account).toContain('Backup');
    expect(account).toContain(token.slice(0, 8));
    expect(account).not.toMatch(SECRET);
    // A reload of the address asks for a page.
    expect((await browse('/account/tokens', { headers: asking(me) })).headers.get('location')).toBe('/account');
  });

  it('is the same one when the form is sent again, and another one with something else typed', async () => {
    const me = await newPerson(owner);
    const nonce = nonceOf(await open(me));
    const first = await secretOf(await create(me, { nonce }));
    expect(first).toMatch(SECRET);
    expect(await secretOf(await create(me, { nonce }))).toBe(first);
    expect(await secretOf(await create(me, { nonce, name: 'Another' }))).not.toBe(first);
    expect(await rows(me)).toHaveLength(2);
  });

  it.each([
    ['no name', { name: ' ' }, 'A name has 1 to 120 characters'],
    ['a long name', { name: 'x'.repeat(121) }, 'A name has 1 to 120 characters'],
    ['no scope', { scopes: [] }, 'Choose at least one thing'],
    ['a scope that nobody knows', { scopes: ['profile:read', 'all:everything'] }, 'Choose at least one thing'],
    ['a scope of administrators', { scopes: ['admin:write'] }, 'Choose at least one thing'],
    ['no days', { days: '' }, 'A token works for 1 to 365 days'],
    ['half a day', { days: '0.5' }, 'A token works for 1 to 365 days'],
    ['a year and a day', { days: '366' }, 'A token works for 1 to 365 days'],
  ] as [string, Fields, string][])(
    'with %s is refused beside its field, and what was typed stays',
    async (_, more, words) => {
      const me = await newPerson(owner);
      const response = await create(me, more);
      expect(response.status).toBe(400);
      const page = await response.text();
      expect(textOf(page)).toContain(words);
      expect(page).toMatch(/<details open="">/);
      expect(page).toContain('aria-invalid="true"');
      if (!('name' in more)) expect(page).toContain('value="Backup"');
      if (!('scopes' in more)) expect(page).toMatch(/value="profile:read" checked=""/);
      expect(page).not.toMatch(/Zod|expected|expiresInDays/);
      expect(await rows(me)).toEqual([]);
    },
  );

  it('has a name that is text, wherever it stands', async () => {
    const me = await newPerson(owner);
    const page = (await (await create(me, { name: '"><script>alert(1)</script>' })).text()) + (await open(me));
    expect(page).not.toContain('<script>');
    expect(page).toContain('&lt;script&gt;');
  });

  it('comes from a page of ours alone', async () => {
    const me = await newPerson(owner);
    expect((await post('/account/tokens', fields, { ...asking(me), origin: 'https://evil.example' })).status).toBe(403);
    expect(await rows(me)).toEqual([]);
  });
});

describe('a token that is there', () => {
  it('is replaced, and the old one works on for the time that was chosen', async () => {
    const me = await newPerson(owner);
    const old = await secretOf(await create(me));
    const id = await idOf(me);
    const rotated = await post('/account/tokens/rotate', { token_id: id, overlap_hours: '1' }, asking(me));
    expect(rotated.status).toBe(200);
    const token = await secretOf(rotated);
    expect(token).not.toBe(old);
    for (const each of [old, token])
      expect((await call('auth.getSession', undefined, { token: each })).status).toBe(200);
    const page = textOf(await open(me));
    expect(page).toMatch(/Backup Replaced/);
    expect(page.match(/Rotate or revoke/g)).toHaveLength(1);
    const twice = await post('/account/tokens/rotate', { token_id: id, overlap_hours: '1' }, asking(me));
    expect(twice.status).toBe(404);
    const nonsense = await post('/account/tokens/rotate', { token_id: id, overlap_hours: 'soon' }, asking(me));
    expect(nonsense.status).toBe(400);
    expect(textOf(await nonsense.text())).toContain('Try again with the form as it stands here.');
  });

  it('is revoked and refused from then on, also when the form is sent twice', async () => {
    const me = await newPerson(owner);
    const token = await secretOf(await create(me));
    const id = await idOf(me);
    for (let sent = 0; sent < 2; sent += 1) {
      const done = await post('/account/tokens/revoke', { token_id: id }, asking(me));
      expect(done.headers.get('location')).toBe('/account?done=token_revoked');
    }
    expect((await call('auth.getSession', undefined, { token })).code).toBe('token.revoked');
    expect(await open(me)).not.toContain('Backup');
  });

  it('of somebody else can be neither replaced nor revoked', async () => {
    const [me, other] = [await newPerson(owner), await newPerson(owner)];
    const token = await secretOf(await create(other));
    const id = await idOf(other);
    for (const path of ['/account/tokens/rotate', '/account/tokens/revoke']) {
      const refused = await post(path, { token_id: id, overlap_hours: '0' }, asking(me));
      expect(refused.status).toBe(404);
      expect(await refused.text()).not.toMatch(SECRET);
    }
    expect((await call('auth.getSession', undefined, { token })).status).toBe(200);
  });
});
