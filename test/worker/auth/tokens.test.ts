import { describe, expect, it } from 'vitest';
import { isApiToken } from '../../../src/lib/api-token.ts';
import { newId } from '../../../src/lib/ids.ts';
import { sha256Hex } from '../../../src/lib/secrets.ts';
import { inHours, insert, newOrganization, newPerson, newToken, type Person } from '../../support/owner.ts';
import { call, owner, readMail } from '../../support/worker.ts';

interface NewToken {
  id: string;
  token: string;
  scopes: string[];
  expiresAt: string;
}

const input = { name: 'deploys', scopes: ['profile:read'] };
const create = (me: Person, over: object = {}, headers: Record<string, string> = {}) =>
  call<NewToken>('auth.createToken', { ...input, ...over }, { token: me.token, headers });
const daysUntil = (moment: string) => (Date.parse(moment) - Date.now()) / 86_400_000;

describe('a personal API token', () => {
  it('acts as its user, within its scopes, in one form', async () => {
    const me = await newPerson(owner);
    const { data } = await create(me);
    expect(isApiToken(data.token)).toBe(true);
    expect(daysUntil(data.expiresAt)).toBeCloseTo(90, 1);
    expect((await call('account.getProfile', undefined, { token: data.token })).data).toMatchObject({ id: me.userId });
    const refused = await call('auth.listSessions', undefined, { token: data.token });
    expect([refused.status, refused.code]).toEqual([403, 'scope.missing']);
    expect(refused.error?.message).toBe('The API token lacks the scope this call needs.');
  });

  it('is told where no token may call, so that nobody looks for the right scope', async () => {
    const { token } = (await create(await newPerson(owner))).data;
    const service = await newToken(owner, { kind: 'service', scopes: '["admin:write"]' });
    const refusals = [
      await call('auth.createToken', input, { token }),
      await call('auth.signOut', undefined, { token }),
      await call('auth.createServiceToken', { name: 's', scopes: ['admin:read'] }, { token: service.token }),
    ];
    expect(refusals.map(({ code }) => code)).toEqual(['scope.missing', 'scope.missing', 'step_up.required']);
    for (const { error } of refusals) expect(error?.message).toBe('Only a session may make this call, no API token.');
  });

  it('is stored as a digest, listed without its secret, and told to its user', async () => {
    const me = await newPerson(owner);
    const { data } = await create(me);
    const [row] = await owner.query('select token_hash, token_prefix from api_tokens where id = $1', [data.id]);
    expect(row).toEqual({ token_hash: await sha256Hex(data.token), token_prefix: data.token.slice(0, 8) });
    const list = await call<{ items: object[] }>('auth.listTokens', undefined, { token: me.token });
    expect(list.data.items).toMatchObject([{ id: data.id, name: 'deploys', prefix: data.token.slice(0, 8) }]);
    expect(JSON.stringify(list.data)).not.toContain(data.token.slice(8));
    expect((await readMail(me.email))?.text).toContain('deploys');
    const history = await owner.query('select event_type from login_history where user_id = $1', [me.userId]);
    expect(history).toEqual([{ event_type: 'token_created' }]);
  });

  it.each([
    ['a scope there is not', { scopes: ['profile:everything'] }],
    ['a scope of administrators', { scopes: ['admin:read'] }],
    ['no scope', { scopes: [] }],
    ['a lifetime past 365 days', { expiresInDays: 366 }],
    ['no name', { name: '' }],
  ])('is not made with %s', async (_, over) => {
    expect((await create(await newPerson(owner), over)).code).toBe('input.invalid');
  });

  it('cannot make, rotate or end tokens itself', async () => {
    const me = await newPerson(owner);
    const { data } = await create(me, { scopes: ['tokens:read', 'profile:write'] });
    for (const [path, given] of [
      ['auth.createToken', input],
      ['auth.rotateToken', { tokenId: data.id }],
      ['auth.revokeToken', { tokenId: data.id }],
    ] as const) {
      expect((await call(path, given, { token: data.token })).status, path).toBe(403);
    }
    expect((await call('auth.listTokens', undefined, { token: data.token })).status).toBe(200);
  });

  it('asks a person who signed in long ago to confirm first', async () => {
    const me = await newPerson(owner, { session: { authenticated_at: inHours(-1) } });
    expect((await create(me)).code).toBe('step_up.required');
  });

  it('ends at once when it is revoked, with its user’s suspension, and with its user', async () => {
    const me = await newPerson(owner);
    const [first, second] = [(await create(me)).data, (await create(me)).data];
    const use = async (token: string) => (await call('account.getProfile', undefined, { token })).code;
    expect((await call('auth.revokeToken', { tokenId: first.id }, { token: me.token })).status).toBe(200);
    expect((await call('auth.revokeToken', { tokenId: first.id }, { token: me.token })).status).toBe(200);
    expect(await use(first.token)).toBe('token.revoked');
    await owner.query('update users set suspended_at = now() where id = $1', [me.userId]);
    expect(await use(second.token)).toBe('user.suspended');
    expect((await call('auth.getSession', undefined, { token: me.token })).code).toBe('user.suspended');
    await owner.query('delete from users where id = $1', [me.userId]);
    expect(await use(second.token)).toBe('credential.invalid');
  });

  it('of somebody else can be neither rotated nor ended', async () => {
    const stranger = await newPerson(owner);
    const { data } = await create(stranger);
    const me = await newPerson(owner);
    expect((await call('auth.revokeToken', { tokenId: data.id }, { token: me.token })).code).toBe('token.not_found');
    expect((await call('auth.rotateToken', { tokenId: data.id }, { token: me.token })).code).toBe('token.not_found');
    expect((await call('account.getProfile', undefined, { token: data.token })).status).toBe(200);
  });

  it('made twice with one Idempotency-Key is one token; with other input it is refused', async () => {
    const me = await newPerson(owner);
    const headers = { 'idempotency-key': newId() };
    const first = await create(me, {}, headers);
    expect((await create(me, {}, headers)).data).toEqual(first.data);
    expect((await create(me, { name: 'another' }, headers)).code).toBe('idempotency_key.reused');
    expect(await owner.query('select id from api_tokens where user_id = $1', [me.userId])).toHaveLength(1);
  });

  it('is one of fifty at the most', async () => {
    const me = await newPerson(owner);
    await owner.query(
      `insert into api_tokens (kind, user_id, name, token_hash, token_prefix, expires_at)
       select 'personal', $1, 'x', $1 || i, 'gtk_xxxx', now() + interval '1 day' from generate_series(1, 50) i`,
      [me.userId],
    );
    expect((await create(me)).code).toBe('token.limit_reached');
  });
});

describe('rotation', () => {
  it('gives a new secret with the same rights, and the old one an overlap', async () => {
    const me = await newPerson(owner);
    const old = (await create(me, { expiresInDays: 30 })).data;
    const rotated = await call<NewToken>('auth.rotateToken', { tokenId: old.id, overlapHours: 1 }, { token: me.token });
    expect(rotated.data.scopes).toEqual(old.scopes);
    expect(daysUntil(rotated.data.expiresAt)).toBeCloseTo(30, 1);
    for (const token of [old.token, rotated.data.token]) {
      expect((await call('account.getProfile', undefined, { token })).status).toBe(200);
    }
    const [row] = await owner.query<{ hours: number }>(
      'select extract(epoch from expires_at - now())::float / 3600 as hours from api_tokens where id = $1',
      [old.id],
    );
    expect(row?.hours).toBeCloseTo(1, 1);
  });

  it('without an overlap ends the old one at once, and happens once', async () => {
    const me = await newPerson(owner);
    const old = (await create(me)).data;
    const rotate = () => call<NewToken>('auth.rotateToken', { tokenId: old.id, overlapHours: 0 }, { token: me.token });
    expect((await rotate()).status).toBe(200);
    expect((await call('account.getProfile', undefined, { token: old.token })).code).toBe('token.expired');
    expect((await rotate()).code).toBe('token.not_found');
  });

  it('asked for twice with one Idempotency-Key gives the same token', async () => {
    const me = await newPerson(owner);
    const old = (await create(me)).data;
    const headers = { 'idempotency-key': newId() };
    const rotate = () => call<NewToken>('auth.rotateToken', { tokenId: old.id }, { token: me.token, headers });
    expect((await rotate()).data.token).toBe((await rotate()).data.token);
    expect(await owner.query('select id from api_tokens where user_id = $1', [me.userId])).toHaveLength(2);
  });
});

describe('a token of an organisation', () => {
  it('is made by its administrators, acts for it alone, and is frozen with who made it', async () => {
    const me = await newPerson(owner);
    const organizationId = await newOrganization(owner);
    await insert(owner, 'memberships', { organization_id: organizationId, user_id: me.userId, role: 'admin' });
    const made = await call<NewToken>(
      'auth.createOrganizationToken',
      { organizationId, name: 'ci', scopes: ['organization:read'] },
      { token: me.token },
    );
    const list = (id: string) =>
      call<{ items: { id: string }[] }>(
        'auth.listOrganizationTokens',
        { organizationId: id },
        { token: made.data.token },
      );
    expect((await list(organizationId)).data.items.map(({ id }) => id)).toEqual([made.data.id]);
    expect((await list(await newOrganization(owner))).code).toBe('organization.not_found');
    expect((await call('account.getProfile', undefined, { token: made.data.token })).status).toBe(403);
    await owner.query('delete from users where id = $1', [me.userId]);
    expect((await list(organizationId)).code).toBe('token.frozen');
  });

  it('is not for members, nor for strangers', async () => {
    const organizationId = await newOrganization(owner);
    const member = await newPerson(owner);
    await insert(owner, 'memberships', { organization_id: organizationId, user_id: member.userId, role: 'member' });
    const made = { organizationId, name: 'ci', scopes: ['organization:read'] };
    const stranger = await newPerson(owner);
    expect((await call('auth.createOrganizationToken', made, member)).code).toBe('organization.role_missing');
    expect((await call('auth.createOrganizationToken', made, stranger)).code).toBe('organization.not_found');
  });
});

describe('a service token', () => {
  it('is made by administrators, who made it is known, and belongs to nobody', async () => {
    const admin = await newPerson(owner, { user: { platform_role: 'admin' } });
    const made = await call<NewToken>('auth.createServiceToken', { name: 's', scopes: ['admin:read'] }, admin);
    expect(made.status).toBe(200);
    const [row] = await owner.query('select kind, user_id, created_by from api_tokens where id = $1', [made.data.id]);
    expect(row).toEqual({ kind: 'service', user_id: null, created_by: admin.userId });
    const list = await call<{ items: { id: string }[] }>('auth.listServiceTokens', undefined, {
      token: made.data.token,
    });
    expect(list.data.items.map(({ id }) => id)).toContain(made.data.id);
    expect((await call('auth.revokeServiceToken', { tokenId: made.data.id }, admin)).status).toBe(200);
    expect((await call('auth.listServiceTokens', undefined, { token: made.data.token })).code).toBe('token.revoked');
  });

  it('is not for others: neither made, nor seen, nor ended', async () => {
    const me = await newPerson(owner);
    const { id } = await newToken(owner, { kind: 'service', scopes: '["admin:read"]' });
    expect((await call('auth.createServiceToken', { name: 's', scopes: ['admin:read'] }, me)).code).toBe(
      'role.missing',
    );
    expect((await call('auth.listServiceTokens', undefined, me)).code).toBe('role.missing');
    expect((await call('auth.revokeServiceToken', { tokenId: id }, me)).code).toBe('role.missing');
    expect((await call('auth.revokeToken', { tokenId: id }, me)).code).toBe('token.not_found');
  });
});
