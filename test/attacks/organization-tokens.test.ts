/** What becomes of an organisation's tokens when whoever made them leaves: they are frozen, as GitHub freezes them. */
import { describe, expect, it } from 'vitest';
import { newConnectedApp, newMember } from '../support/connections.ts';
import { inHours, newOrganization, type Person } from '../support/owner.ts';
import { call, owner, readMail } from '../support/worker.ts';

interface Made {
  readonly id: string;
  readonly token: string;
}
interface Shown {
  readonly id: string;
  readonly makerName: string | null;
  readonly isFrozen: boolean;
}

const scopes = ['connections:token', 'organization:read'];

async function make(maker: Pick<Person, 'token'>, organizationId: string): Promise<Made> {
  const made = await call<Made>('auth.createOrganizationToken', { organizationId, name: 'ci', scopes }, maker);
  expect(made.status, made.code).toBe(200);
  return made.data;
}

const list = async (who: { token: string }, organizationId: string) =>
  (await call<{ items: Shown[] }>('auth.listOrganizationTokens', { organizationId }, who)).data.items;

/** An organisation with a connected app, its chief, and an administrator who made a token. */
async function newTeam() {
  const { organizationId, person: chief, connectionId } = await newConnectedApp();
  const maker = await newMember(organizationId, 'admin');
  const made = await make(maker, organizationId);
  const read = () =>
    call<{ accessToken: string }>('oauth.apps.getToken', { organizationId, connector: 'demo' }, { token: made.token });
  expect((await read()).data).toMatchObject({ status: 'active', connectionId });
  const ofMaker = [organizationId, maker.userId];
  return { organizationId, chief, maker, made, read, ofMaker };
}

describe('a token of an organisation reads nothing while its maker', () => {
  it.each([
    [
      'has left',
      'delete from memberships where organization_id = $1 and user_id = $2',
      `insert into memberships (organization_id, user_id, role) values ($1, $2, 'admin')`,
    ],
    [
      'is a plain member',
      `update memberships set role = 'member' where organization_id = $1 and user_id = $2`,
      `update memberships set role = 'owner' where organization_id = $1 and user_id = $2`,
    ],
  ])('%s, and works again when they are back', async (_, leave, comeBack) => {
    const { organizationId, chief, made, read, ofMaker } = await newTeam();
    await owner.query(leave, ofMaker);
    const refused = await read();
    expect([refused.status, refused.code]).toEqual([403, 'token.frozen']);
    expect(JSON.stringify(refused.error)).not.toContain('accessToken');
    expect(await list(chief, organizationId)).toMatchObject([{ id: made.id, isFrozen: true }]);
    await owner.query(comeBack, ofMaker);
    expect((await read()).data).toMatchObject({ status: 'active' });
    expect(await list(chief, organizationId)).toMatchObject([{ id: made.id, isFrozen: false }]);
  });

  it('is suspended', async () => {
    const { maker, read } = await newTeam();
    await owner.query('update users set suspended_at = $2 where id = $1', [maker.userId, inHours(-1)]);
    expect((await read()).code).toBe('token.frozen');
    await owner.query('update users set suspended_at = null where id = $1', [maker.userId]);
    expect((await read()).data).toMatchObject({ status: 'active' });
  });

  it('is no more; a new one of another administrator works, and so does one that they rotate', async () => {
    const { organizationId, chief, maker, made, read } = await newTeam();
    await owner.query('delete from users where id = $1', [maker.userId]);
    expect((await read()).code).toBe('token.frozen');
    expect(await list(chief, organizationId)).toMatchObject([{ makerName: null, isFrozen: true }]);
    const input = { organizationId, tokenId: made.id };
    const rotated = await call<Made>('auth.rotateOrganizationToken', input, chief);
    for (const { token } of [await make(chief, organizationId), rotated.data]) {
      const read2 = await call('oauth.apps.getToken', { organizationId, connector: 'demo' }, { token });
      expect(read2.data).toMatchObject({ status: 'active' });
    }
    expect((await read()).code).toBe('token.frozen');
  });

  it('administrates another organisation alone', async () => {
    const { maker, read, ofMaker } = await newTeam();
    const other = await newOrganization(owner);
    await owner.query('update memberships set organization_id = $3 where organization_id = $1 and user_id = $2', [
      ...ofMaker,
      other,
    ]);
    expect((await read()).code).toBe('token.frozen');
    expect((await list(maker, other)).length).toBe(0);
  });
});

describe('who made a token of an organisation', () => {
  it('is told by name to its administrators, and not to its tokens', async () => {
    const { organizationId, chief, maker, made } = await newTeam();
    expect(await list(chief, organizationId)).toMatchObject([{ id: made.id, makerName: maker.email }]);
    await owner.query("update users set display_name = 'Ada' where id = $1", [maker.userId]);
    expect(await list(chief, organizationId)).toMatchObject([{ makerName: 'Ada', isFrozen: false }]);
    expect(await list(made, organizationId)).toMatchObject([{ id: made.id, makerName: null, isFrozen: false }]);
  });

  it('hears of it by mail, and finds it in their history', async () => {
    const { organizationId, maker, made } = await newTeam();
    expect((await readMail(maker.email))?.subject).toContain('Organisation token created');
    const rotated = await call<Made>('auth.rotateOrganizationToken', { organizationId, tokenId: made.id }, maker);
    expect(rotated.status).toBe(200);
    const mail = await readMail(maker.email);
    expect(mail?.subject).toContain('Organisation token replaced');
    expect(mail?.text).toContain('/not-me#token=');
    const kinds = await owner.query('select kind from security_alerts where user_id = $1 order by created_at', [
      maker.userId,
    ]);
    expect(kinds).toEqual([{ kind: 'organization_token_created' }, { kind: 'organization_token_rotated' }]);
    const events = await owner.query('select event_type from login_history where user_id = $1 order by created_at', [
      maker.userId,
    ]);
    expect(events).toEqual([{ event_type: 'token_created' }, { event_type: 'token_rotated' }]);
  });
});
