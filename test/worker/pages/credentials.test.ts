import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { createAuthenticator } from '../../support/authenticator.ts';
import { insert, newPerson, type Person } from '../../support/owner.ts';
import { registerPasskey } from '../../support/passkeys.ts';
import { owner } from '../../support/worker.ts';
import { asking, browse, form, nonceOf, open, post, textOf, withoutProviders } from './browse.ts';

const addPasskey = async (me: Person) => (await registerPasskey(me, await createAuthenticator())).data.id;
const unproven = { user: { email_verified_at: null } };
const settings = { GITHUB_CLIENT_ID: 'our-id-at-github', GITHUB_CLIENT_SECRET: 'a-secret-of-github' };

async function linkAccount(me: Person, provider = 'github'): Promise<string> {
  const id = newId();
  await insert(owner, 'oauth_accounts', {
    id,
    user_id: me.userId,
    provider,
    issuer: `https://${provider}.example`,
    provider_user_id: id,
    provider_name: '<b>Ada</b>',
    provider_email: 'ada@work.example',
  });
  return id;
}

describe('the passkeys of the account page', () => {
  it('are listed with what is known of them, and adding one is the script’s', async () => {
    const me = await newPerson(owner);
    const none = await open(me);
    expect(none).toMatch(/<button[^>]* data-add-passkey[^>]* hidden=""/);
    expect(none).not.toContain('/account/passkeys/remove');
    await addPasskey(me);
    const page = textOf(await open(me));
    expect(page).toMatch(/(Synced|This device only) Added \d+ \w+ \d{4}.*not used yet Rename or remove/);
  });

  it('are renamed, and what was typed is text', async () => {
    const me = await newPerson(owner);
    const id = await addPasskey(me);
    const name = '<i>My "phone"</i>';
    const done = await post('/account/passkeys/rename', { passkey_id: id, name }, asking(me));
    expect(done.headers.get('location')).toBe('/account?done=passkey_renamed');
    const page = await open(me, '/account?done=passkey_renamed');
    expect(page).toContain('The passkey has its new name.');
    expect(page).toContain('&lt;i&gt;My &quot;phone&quot;&lt;/i&gt;');
    for (const bad of ['', 'x'.repeat(121), 'a\0b']) {
      const refused = await post('/account/passkeys/rename', { passkey_id: id, name: bad }, asking(me));
      expect(refused.status).toBe(400);
      expect(textOf(await refused.text())).toContain('A name has 1 to 120 characters');
    }
  });

  it('are removed once, though the form is sent twice', async () => {
    const me = await newPerson(owner);
    const id = await addPasskey(me);
    const nonce = nonceOf(await open(me));
    for (let sent = 0; sent < 2; sent += 1) {
      const done = await post('/account/passkeys/remove', { passkey_id: id, nonce }, asking(me));
      expect(done.headers.get('location')).toBe('/account?done=passkey_removed');
    }
    const events = await owner.query(
      "select 1 from login_history where user_id = $1 and event_type = 'passkey_removed'",
      [me.userId],
    );
    expect(events).toHaveLength(1);
  });

  it('stay when they are the last way in, and the page says so beside them', async () => {
    const me = await newPerson(owner, unproven);
    const id = await addPasskey(me);
    const refused = await post('/account/passkeys/remove', { passkey_id: id }, asking(me));
    expect(refused.status).toBe(409);
    const section = /aria-labelledby="passkeys">.*?<\/section>/s.exec(await refused.text())?.[0] ?? '';
    expect(section).toMatch(/role="alert"[^>]* autofocus[^>]*>This is the last way into the account/);
    expect(await open(me)).toContain('/account/passkeys/remove');
  });

  it('of somebody else can be neither renamed nor removed (GHSA-4vcf-q4xf-f48m)', async () => {
    const [me, other] = [await newPerson(owner), await newPerson(owner)];
    const id = await addPasskey(other);
    for (const path of ['/account/passkeys/rename', '/account/passkeys/remove']) {
      const refused = await post(path, { passkey_id: id, name: 'Mine now' }, asking(me));
      expect(refused.status).toBe(404);
      expect(textOf(await refused.text())).toContain('There is no such passkey.');
    }
    const page = await open(other);
    expect(page).toContain(id);
    expect(page).not.toContain('Mine now');
  });
});

describe('the linked accounts of the account page', () => {
  it('are left out where there is neither a provider nor an account', async () => {
    const me = await newPerson(owner);
    const isThere = async (given: object) => (await open(me, '/account', { ...given })).includes('Linked accounts');
    expect(await isThere(withoutProviders)).toBe(false);
    expect(await isThere(settings)).toBe(true);
  });

  it('are listed by the name of their provider, set up or not, and unlinked', async () => {
    const me = await newPerson(owner);
    const id = await linkAccount(me);
    const page = await open(me);
    expect(textOf(page)).toMatch(/GitHub &lt;b&gt;Ada&lt;\/b&gt; · ada@work\.example Linked \d/);
    const done = await post('/account/social/unlink', { account_id: id, nonce: nonceOf(page) }, asking(me));
    expect(done.headers.get('location')).toBe('/account?done=unlinked');
    expect(await open(me, '/account?done=unlinked')).toContain('The account is unlinked.');
    expect(await open(me)).not.toContain('ada@work.example');
  });

  it('stay when they are the last way in, and nobody unlinks somebody else’s', async () => {
    const [me, other] = [await newPerson(owner, unproven), await newPerson(owner)];
    const id = await linkAccount(me);
    const last = await browse('/account/social/unlink', { ...form({ account_id: id }, asking(me)), settings });
    expect(last.status).toBe(409);
    const section = /aria-labelledby="providers">.*?<\/section>/s.exec(await last.text())?.[0] ?? '';
    expect(section).toContain('This is the last way into the account');
    const theirs = await post('/account/social/unlink', { account_id: id }, asking(other));
    expect(theirs.status).toBe(404);
    expect(await open(me)).toContain('ada@work.example');
  });

  it('are linked by going to the provider, for this person alone', async () => {
    const me = await newPerson(owner);
    const page = await open(me, '/account', settings);
    const fields = { provider: 'github', nonce: nonceOf(page) };
    const answer = await browse('/account/social/link', { ...form(fields, asking(me)), settings });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toMatch(/content="0; url=https:\/\/github\.com\/login\/oauth\/authorize\?/);
    const states = await owner.query('select purpose, redirect_url from oauth_states where user_id = $1', [me.userId]);
    expect(states).toEqual([{ purpose: 'link', redirect_url: 'http://localhost:8787/account?done=linked' }]);
    const unknown = await post('/account/social/link', fields, asking(me));
    expect(unknown.status).toBe(404);
    expect(textOf(await unknown.text())).toContain('There is no such provider here.');
  });

  it('say what the way back ended in, from a fixed table (CVE-2025-71404)', async () => {
    const me = await newPerson(owner);
    const page = await open(me, '/account?problem=social_account.linked_elsewhere', settings);
    const section = /aria-labelledby="providers">.*?<\/section>/s.exec(page)?.[0] ?? '';
    expect(section).toContain('linked to somebody else here');
    expect(await open(me, '/account?problem=zzmarkerzz&done=zzmarkerzz')).not.toContain('zzmarkerzz');
  });
});
