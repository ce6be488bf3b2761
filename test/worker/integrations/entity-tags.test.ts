import { describe, expect, it } from 'vitest';
import { newId } from '../../../src/lib/ids.ts';
import { linked, rest } from '../../support/integrations.ts';
import { newPerson, type Person } from '../../support/owner.ts';
import { owner } from '../../support/worker.ts';

const telegram = () => ({ serviceId: 'telegram', externalUserId: newId() });

const list = ({ token }: Pick<Person, 'token'>, headers: Record<string, string> = {}) =>
  rest('GET', '/users/me/integrations', { token, headers });

describe('the list of integrations', () => {
  it('may be kept by its caller alone, and has a strong tag', async () => {
    const me = await newPerson(owner);
    await linked(me, telegram());
    const { status, headers } = await list(me);
    expect(status).toBe(200);
    expect(headers.get('etag')).toMatch(/^"[0-9a-f]{32}"$/);
    expect(headers.get('cache-control')).toBe('private, no-cache');
    expect(headers.get('vary')?.toLowerCase()).toContain('authorization');
    expect(headers.get('content-type')).toContain('application/json');
  });

  it.each<[string, (tag: string) => string]>([
    ['its tag', (tag) => tag],
    ['its tag made weak by a proxy', (tag) => `W/${tag}`],
    ['its tag among others', (tag) => `"other", ${tag}`],
    ['any tag', () => '*'],
  ])('is 304 without a body for who has %s', async (_, condition) => {
    const me = await newPerson(owner);
    await linked(me, telegram());
    const tag = (await list(me)).headers.get('etag') ?? '';
    const again = await list(me, { 'if-none-match': condition(tag) });
    expect([again.status, again.text, again.headers.get('etag')]).toEqual([304, '', tag]);
    expect(again.headers.get('cache-control')).toBe('private, no-cache');
  });

  it('comes anew once something changed, and the same tag with the same content', async () => {
    const me = await newPerson(owner);
    await linked(me, telegram());
    const tag = (await list(me)).headers.get('etag') ?? '';
    expect((await list(me)).headers.get('etag')).toBe(tag);
    await linked(me, telegram());
    const changed = await list(me, { 'if-none-match': tag });
    expect(changed.status).toBe(200);
    expect(changed.json.items).toHaveLength(2);
    expect(changed.headers.get('etag')).not.toBe(tag);
  });

  it('is refused to who may no longer call, whatever they kept', async () => {
    const me = await newPerson(owner);
    const tag = (await list(me)).headers.get('etag') ?? '';
    await owner.query('update user_sessions set revoked_at = now() where id = $1', [me.sessionId]);
    const refused = await list(me, { 'if-none-match': tag });
    expect([refused.status, refused.headers.get('etag')]).toEqual([401, null]);
    expect(refused.headers.get('cache-control')).toBe('no-store');
  });

  it('tells a trusted page its tag', async () => {
    const me = await newPerson(owner);
    const { headers } = await list(me, { origin: 'http://localhost:8787' });
    expect(headers.get('access-control-expose-headers')?.toLowerCase()).toContain('etag');
    expect(headers.get('vary')?.toLowerCase()).toContain('origin');
  });

  it('is the exception: other answers are not kept', async () => {
    const me = await newPerson(owner);
    const { headers } = await rest('GET', '/users/me', me);
    expect([headers.get('etag'), headers.get('cache-control')]).toEqual([null, 'no-store']);
  });
});
