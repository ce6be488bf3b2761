/** Names that look like another's: with line breaks, with characters that nobody sees, or that turn the text around. */
import { describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { linked } from '../support/integrations.ts';
import { newAccount } from '../support/oidc-provider.ts';
import { newPerson, type Person } from '../support/owner.ts';
import { withPasskey } from '../support/passkeys.ts';
import { call, owner } from '../support/worker.ts';
import { listOf, signInWith, whoIs } from './support.ts';

const hostile = {
  'a line break': 'Ada\nSupport team',
  'a carriage return': 'Ada\rSupport',
  'a tab': 'Ada\tSupport',
  'a terminal’s escape': 'Ada\u001b[2KSupport',
  'a C1 control': 'Ada\u0085Support',
  'a line separator': 'Ada\u2028Support',
  'a paragraph separator': 'Ada\u2029Support',
  'an override': 'invoice\u202efdp.exe',
  'an isolate': 'Ada\u2066Support',
  'a mark': 'Ada\u200fSupport',
  'an Arabic mark': 'Ada\u061cSupport',
  'a byte order mark': 'A\ufeffda',
};

/** Each name that the API takes, and how it is given. */
const fields: Record<string, (me: Person, name: string) => Promise<{ status: number; code: string | undefined }>> = {
  displayName: (me, name) => call('account.updateProfile', { displayName: name }, me),
  position: (me, name) => call('account.updateProfile', { position: name }, me),
  'a token’s name': (me, name) => call('auth.createToken', { name, scopes: ['profile:read'] }, me),
  'a passkey’s name': async (me, name) => {
    if ((await listOf(me, 'auth.listPasskeys')).length === 0) await withPasskey(me);
    const [passkey] = await listOf(me, 'auth.listPasskeys');
    return call('auth.renamePasskey', { passkeyId: passkey?.id, name }, me);
  },
  'a link’s label': (me, name) =>
    call('integrations.link', { userId: 'me', serviceId: 'signal', externalUserId: newId(), displayLabel: name }, me),
  'a link’s username': (me, name) =>
    call(
      'integrations.link',
      { userId: 'me', serviceId: 'signal', externalUserId: newId(), externalUsername: name },
      me,
    ),
  'a link’s id': (me, name) =>
    call('integrations.link', { userId: 'me', serviceId: 'signal', externalUserId: name }, me),
  'a changed label': async (me, name) => {
    const { id } = await linked(me, { serviceId: 'signal', externalUserId: newId() });
    return call('integrations.update', { userId: 'me', integrationId: id, displayLabel: name }, me);
  },
};

describe.each(Object.entries(fields))('%s', (_, give) => {
  it('holds nothing that misleads', async () => {
    const me = await newPerson(owner);
    for (const [what, name] of Object.entries(hostile)) {
      const { status, code } = await give(me, name);
      expect([status, code], what).toEqual([400, 'input.invalid']);
    }
  });

  it('holds what people are called', async () => {
    const me = await newPerson(owner);
    const names = ['Zoë O’Brien-Smith', 'می\u200cخواهم', '👩\u200d👩\u200d👧', 'דוד לוי', '山田 太郎', 'محمد (IT)'];
    for (const name of names) expect((await give(me, name)).status, name).toBe(200);
  });
});

it('a bio has lines, and turns nothing around', async () => {
  const me = await newPerson(owner);
  const save = (bio: string) => call('account.updateProfile', { bio }, me);
  expect((await save('I write.\r\n\tAnd read.\n')).status).toBe(200);
  for (const bio of ['invoice\u202efdp.exe', 'a\u2067b', 'a\u001b[2K', 'a\u200eb']) {
    expect((await save(bio)).code).toBe('input.invalid');
  }
});

it('one item of a list that misleads is refused, and spoils no other', async () => {
  const me = await newPerson(owner);
  const item = (displayLabel: string) => ({ serviceId: 'signal', externalUserId: newId(), displayLabel });
  const services = [item('Private'), item('Ada\u202eSupport')];
  const { data } = await call<{ results: object[] }>('integrations.bulkLink', { userId: 'me', services }, me);
  expect(data.results).toMatchObject([{ success: true }, { success: false, code: 'input.invalid' }]);
});

it('a link that has such an id already is shown, found and unlinked by it', async () => {
  const me = await newPerson(owner);
  const externalUserId = `${newId()}\u202e`;
  const { id } = await linked(me, { serviceId: 'signal', externalUserId: newId() });
  await owner.query('update user_integrations set external_user_id = $1 where id = $2', [externalUserId, id]);
  const list = await call<{ items: object[] }>('integrations.list', { userId: 'me' }, me);
  expect(list.data.items).toMatchObject([{ id, externalUserId, isActive: true }]);
  const services = [{ serviceId: 'signal', externalUserId }];
  const { data } = await call<{ results: object[] }>('integrations.bulkUnlink', { userId: 'me', services }, me);
  expect(data.results).toMatchObject([{ success: true, unlinked: 1 }]);
});

it('a provider’s name is cleaned, since there is nobody to refuse it to', async () => {
  const { session } = await signInWith(newAccount({ name: '  Ada\n\u202eLove\u2028lace\ufeff ' }));
  const { data } = await whoIs(session);
  expect(data).toMatchObject({ displayName: 'Ada Love lace' });
});
