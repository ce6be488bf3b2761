import { expect, it } from 'vitest';
import { hmac, sha256Hex, toHex } from '../../../src/lib/secrets.ts';
import { newId } from '../../../src/lib/ids.ts';
import { parseKeyRing } from '../../../src/lib/keys.ts';
import { newPerson, newToken } from '../../support/owner.ts';
import { call, newAddress, owner, readMail, workerEnv } from '../../support/worker.ts';

/** Every distinct text in every column of every table: what a thief of the database holds. Read from the catalogue. */
async function dump(userIds: string[], emails: string[]): Promise<string[]> {
  const columns = await owner.query<{ table: string; column: string }>(
    `select table_name as "table", column_name as "column" from information_schema.columns where table_schema = 'public'`,
  );
  const values = new Set<string>();
  for (const [table, list] of Map.groupBy(columns, (row) => row.table)) {
    const names = list.map(({ column }) => column);
    const mine = `exists (select from unnest($1::text[] || $2::text[]) mark where to_jsonb(t)::text like '%' || mark || '%')`;
    const texts = names.map((name) => `"${name}"::text`).join(', ');
    const rows = await owner.query<{ values: (string | null)[] }>(
      `select array[${texts}] as values from "${table}" t where ${mine}`,
      [userIds, emails],
    );
    for (const row of rows) for (const value of row.values) if (value) values.add(value);
  }
  return [...values];
}

it('nothing in the database signs anybody in: not as cookie, bearer, link, code or proof', async () => {
  const me = await newPerson(owner);
  await newToken(owner, { kind: 'personal', user_id: me.userId, scopes: '["profile:read"]' });
  const asked = await call<{ requestSecret: string }>('auth.requestMagicLink', { email: me.email, delivery: 'bearer' });
  expect(await readMail(me.email)).not.toBeNull();
  const stolen = await dump([me.userId], [me.email]);
  expect(stolen.length).toBeGreaterThan(20);
  const [link] = await owner.query<{ id: string }>('select id from magic_links where email = $1', [me.email]);
  for (const value of stolen.flatMap((text) => [text, text.replace(/^\\x/, ''), `gts_${text}`, `gtk_${text}`])) {
    if (!/^[!-~]+$/.test(value)) continue;
    const answers = await Promise.all([
      call('auth.getSession', undefined, { token: value }),
      call('auth.getSession', undefined, { headers: { cookie: `gatehouse_session=${value}` } }),
      call(
        'auth.verifyMagicLink',
        { token: value.slice(0, 200), requestSecret: asked.data.requestSecret },
        { headers: { 'cf-connecting-ip': newAddress() } },
      ),
      call('auth.verifyMagicLink', { token: value.slice(0, 200), requestSecret: `${link?.id}.${value}`.slice(0, 200) }),
    ]);
    expect(
      answers.map(({ status }) => status).filter((status) => status < 400),
      value,
    ).toEqual([]);
  }
}, 120_000);

it('no code can be found offline: without the lookup key even the right one looks wrong', async () => {
  const email = `${newId()}@example.com`;
  await call('auth.requestMagicLink', { email, delivery: 'bearer' });
  const { code = '' } = (await readMail(email)) ?? {};
  const [row] = await owner.query<{ id: string; code_hash: string }>(
    'select id, code_hash from magic_links where email = $1',
    [email],
  );
  const stored = row?.code_hash.split(':')[1];
  expect(stored).toMatch(/^[0-9a-f]{64}$/);
  const key = parseKeyRing('LOOKUP_KEYS', String(workerEnv.LOOKUP_KEYS), String(workerEnv.LOOKUP_KEY_ACTIVE)).active;
  // With the key it is this; so what follows tries the right computation, with the right code: a million do no better.
  expect(toHex(await hmac(key.bytes, ['magic_link.code', row?.id ?? '', code]))).toBe(stored);
  const guessedKey = new Uint8Array(32);
  for (const guess of [
    await sha256Hex(code),
    await sha256Hex(`${row?.id}${code}`),
    toHex(await hmac(guessedKey, ['magic_link.code', row?.id ?? '', code])),
    toHex(await hmac(new TextEncoder().encode(row?.id ?? ''), ['magic_link.code', row?.id ?? '', code])),
  ]) {
    expect(guess).not.toBe(stored);
  }
});

it('the list of sessions shows no secret, and no cache keeps it', async () => {
  const me = await newPerson(owner);
  const { response } = await call('auth.listSessions', undefined, { token: me.token });
  const text = await response.text();
  expect(text).not.toContain(await sha256Hex(me.token));
  expect(text).not.toContain(me.token);
  expect(response.headers.get('cache-control')).toBe('no-store');
});
