import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { writeEnvFile } from '../../scripts/support/dev-settings.ts';
import { isApiToken, newApiToken } from '../../src/lib/api-token.ts';
import { newId } from '../../src/lib/ids.ts';
import { sha256Hex } from '../../src/lib/secrets.ts';
import { scopesFor } from '../../src/scopes.ts';
import { connectOwner, inHours, insert, newPerson, newSession, newToken } from '../support/owner.ts';

const { OWNER_URL, NEON_SQL_ENDPOINT = '' } = inject('worker');
const settings = { MIGRATION_DATABASE_URL: OWNER_URL, NEON_SQL_ENDPOINT };
const owner = connectOwner({ OWNER_URL, NEON_SQL_ENDPOINT });

/** A directory that has no settings of its own. */
const nowhere = mkdtempSync(join(tmpdir(), 'gatehouse-admin-'));
afterAll(() => rmSync(nowhere, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as npm does. */
async function admin(words: readonly string[], run: { cwd?: string; env?: object } = {}): Promise<Outcome> {
  const options = { cwd: run.cwd ?? nowhere, env: { PATH: process.env['PATH'], ...(run.env ?? settings) } };
  return promisify(execFile)(process.execPath, [resolve('scripts/admin.ts'), ...words], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: Outcome) => ({ code, stdout, stderr }),
  );
}

async function adminJson(...words: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await admin([...words, '--json']);
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** What the gate says to a credential: the actor's kind and scopes, or the refusal. */
async function gateSays(secret: string): Promise<unknown> {
  const kind = secret.startsWith('gtk_') ? 'token' : 'session';
  const query = 'select gatehouse.find_credential($1, $2) as actor';
  const rows = await owner
    .query<{ actor: { kind: string; scopes?: string[] } }>(query, [await sha256Hex(secret), kind])
    .catch((error: unknown) => (error instanceof Error ? error.message : error));
  return Array.isArray(rows) ? rows[0]?.actor : rows;
}

const roleOf = async (userId: string) =>
  (await owner.query<{ platform_role: string }>('select platform_role from users where id = $1', [userId]))[0]
    ?.platform_role;

const historyOf = (userId: string) =>
  owner.query('select event_type, success from login_history where user_id = $1', [userId]);

describe('admin grant', () => {
  it('makes an administrator, and ends the sessions that were made for a user', async () => {
    const person = await newPerson(owner);
    const other = await newSession(owner, person.userId);
    await newSession(owner, person.userId, { expires_at: '2020-01-01T00:00:00Z' });
    const { code, stdout, stderr } = await admin(['grant', person.email.toUpperCase()]);
    const [account, proven, done] = stdout.split('\n');
    expect(account).toMatch(new RegExp(`^The account is ${person.userId}, without a name, made \\S+Z\\.$`));
    expect(proven).toMatch(/^Its address was proven \d{4}-\S+Z; 2 live sessions\.$/);
    expect(done).toBe(`${person.email} is a platform administrator now. 2 sessions were ended: sign in again.`);
    expect(stderr).toMatch(/^Target: \w+@\S+\/\w+ \(HTTP through http:\/\/127\.0\.0\.1:\d+\/sql\)\n$/);
    expect(code).toBe(0);
    expect(await roleOf(person.userId)).toBe('admin');
    expect(await gateSays(person.token)).toBe('session.revoked');
    expect(await gateSays(other.token)).toBe('session.revoked');
    expect(await historyOf(person.userId)).toEqual([{ event_type: 'session_revoked', success: true }]);
  });

  it('changes nothing for one who is an administrator already', async () => {
    const person = await newPerson(owner, { user: { platform_role: 'admin' } });
    expect(await adminJson('grant', person.email)).toEqual({
      id: person.userId,
      email: person.email,
      displayName: null,
      createdAt: expect.stringMatching(/Z$/),
      provenAt: expect.stringMatching(/Z$/),
      changed: false,
      sessionsEnded: 0,
    });
    expect(await gateSays(person.token)).toMatchObject({ kind: 'session' });
  });

  it('leaves everybody else alone', async () => {
    const [person, bystander] = [await newPerson(owner), await newPerson(owner)];
    await admin(['grant', person.email]);
    expect(await roleOf(bystander.userId)).toBe('user');
    expect(await gateSays(bystander.token)).toMatchObject({ kind: 'session' });
  });

  it('refuses an address that nobody proved', async () => {
    const person = await newPerson(owner, { user: { email_verified_at: null } });
    const { code, stdout, stderr } = await admin(['grant', person.email]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain(`${person.email} is not verified: its owner signs in by mail first.`);
    expect(stderr).toContain(`The account is ${person.userId}, without a name, made `);
    expect(stderr).toContain(`Its address was never proven; 1 live session. If that is who you mean: --user`);
    expect(await roleOf(person.userId)).toBe('user');
    expect(await gateSays(person.token)).toMatchObject({ kind: 'session' });
    expect(await admin(['grant', person.email, '--user', person.userId])).toMatchObject({ code: 0 });
    expect(await roleOf(person.userId)).toBe('admin');
  });

  it('refuses an address that an account has for less than seven days, unless the account is named', async () => {
    const person = await newPerson(owner, { user: { display_name: 'Mallory' } });
    const change = { user_id: person.userId, previous_email: 'm@example.com', email: person.email };
    const made = { ...change, previous_since: inHours(-999), created_at: inHours(-24 * 7 + 1) };
    await insert(owner, 'email_changes', made);
    const { code, stdout, stderr } = await admin(['grant', person.email]);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/is the address of this account since \d{4}-\S+Z, for less than seven days\./);
    expect(stderr).toContain('"Mallory"');
    expect(await roleOf(person.userId)).toBe('user');
    const other = await newPerson(owner);
    const named = await admin(['grant', person.email, '--user', other.userId, '--json']);
    expect(JSON.parse(named.stdout)).toMatchObject({ error: { code: 'user.mismatch' } });
    expect([await roleOf(person.userId), await roleOf(other.userId)]).toEqual(['user', 'user']);
    expect(await adminJson('grant', person.email, '--user', person.userId)).toMatchObject({ changed: true });
  });

  it('takes an address that an account has for longer, or that it has back after a report', async () => {
    const [moved, restored] = [await newPerson(owner), await newPerson(owner)];
    const change = { previous_email: 'm@example.com', email: 'n@example.com', previous_since: inHours(-999) };
    await insert(owner, 'email_changes', { ...change, user_id: moved.userId, created_at: inHours(-24 * 7 - 1) });
    await insert(owner, 'email_changes', { ...change, user_id: restored.userId, undone_at: inHours(0) });
    for (const { email, userId } of [moved, restored]) {
      expect(await admin(['grant', email])).toMatchObject({ code: 0 });
      expect(await roleOf(userId)).toBe('admin');
    }
  });

  it('takes an address for a value, whatever is in it', async () => {
    const person = await newPerson(owner);
    for (const email of [`' or true --`, '%', `${person.email}' --`]) {
      expect(await admin(['grant', '--', email])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining(`There is no user with the address ${email}.`),
      });
    }
    expect(await roleOf(person.userId)).toBe('user');
  });
});

describe('admin revoke', () => {
  it('makes an administrator a user again, from the next call on', async () => {
    const person = await newPerson(owner, { user: { platform_role: 'admin' } });
    expect((await admin(['revoke', person.email])).stdout).toBe(
      `${person.email} is no platform administrator any more.\n`,
    );
    expect(await gateSays(person.token)).toMatchObject({ platformRole: 'user' });
    expect(await adminJson('revoke', person.email)).toMatchObject({ changed: false });
  });
});

describe('admin suspend and unsuspend', () => {
  it('shut out every credential of the user at once, and let the living ones in again', async () => {
    const person = await newPerson(owner);
    const { token } = await newToken(owner, { kind: 'personal', user_id: person.userId });
    expect((await admin(['suspend', person.email])).stdout).toBe(`${person.email} is suspended now.\n`);
    expect(await gateSays(person.token)).toBe('user.suspended');
    expect(await gateSays(token)).toBe('user.suspended');
    expect(await adminJson('suspend', person.email)).toMatchObject({ changed: false });
    expect(await adminJson('unsuspend', person.email)).toMatchObject({ changed: true });
    expect(await gateSays(person.token)).toMatchObject({ kind: 'session' });
    expect(await gateSays(token)).toMatchObject({ kind: 'personal' });
  });

  it.each(['grant', 'revoke', 'suspend', 'unsuspend'])('like %s, know who is not there', async (command) => {
    const email = `${newId()}@example.com`;
    const { code, stdout, stderr } = await admin([command, email, '--json']);
    expect(code).toBe(1);
    expect(stderr).toContain(`There is no user with the address ${email}.\n`);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: 'user.not_found', message: `There is no user with the address ${email}.` },
    });
  });
});

describe('admin token create', () => {
  it('prints the secret alone, and stores what cannot be used', async () => {
    const { code, stdout, stderr } = await admin(['token', 'create', '--scopes', 'admin:read, profile:read']);
    const secret = stdout.trimEnd();
    expect([code, stdout, isApiToken(secret)]).toEqual([0, `${secret}\n`, true]);
    expect(stderr).not.toContain(secret);
    expect(stderr).toContain('it is not shown again');
    expect(await gateSays(secret)).toMatchObject({
      kind: 'service',
      userId: null,
      organizationId: null,
      scopes: ['profile:read', 'admin:read'],
    });
    const rows = await owner.query('select to_jsonb(t)::text as row from api_tokens t where token_hash = $1', [
      await sha256Hex(secret),
    ]);
    const stored = JSON.stringify(rows);
    expect(stored).toContain(secret.slice(0, 8));
    expect(stored).not.toContain(secret.slice(8));
  });

  it('expires in 90 days, or in as many as are said', async () => {
    for (const [words, days] of [
      [[], 90],
      [['--days', '1'], 1],
      [['--days=365'], 365],
    ] as const) {
      const made = await adminJson('token', 'create', '--scopes', 'profile:read', '--name', 'a deployment', ...words);
      expect(made).toEqual({
        token: expect.stringMatching(/^gtk_/),
        id: expect.any(String),
        name: 'a deployment',
        scopes: ['profile:read'],
        expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      });
      const left = Date.parse(String(made['expiresAt'])) - Date.now();
      expect(Math.abs(left / 86_400_000 - days)).toBeLessThan(0.01);
    }
  });

  it.each([
    [[], '--scopes is missing: one or more of profile:read,'],
    [['--scopes', ''], '--scopes is missing'],
    [['--scopes', 'profile:read,admin'], 'There is no scope "admin". Scopes: profile:read,'],
    [['--scopes', 'profile:read,'], 'There is no scope "".'],
    [['--scopes', 'profile:read', '--days', '366'], '--days must be a whole number from 1 to 365, not "366".'],
    [['--scopes', 'profile:read', '--days', '0'], 'not "0"'],
    [['--scopes', 'profile:read', '--days', '1.5'], 'not "1.5"'],
    [['--scopes', 'profile:read', '--name', ' '], '--name must have 1 to 120 characters.'],
    [['--scopes', 'profile:read', '--name', 'x'.repeat(121)], '--name must have'],
  ])('refuses %j with exit code 2', async (words, message) => {
    const { code, stdout, stderr } = await admin(['token', 'create', ...words]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});

describe('admin token list and revoke', () => {
  const made = async () => {
    const { token, id } = await adminJson('token', 'create', '--scopes', 'profile:read', '--name', newId());
    return { token: String(token), id: String(id) };
  };

  it('list the service tokens and nobody else’s, never a secret', async () => {
    const person = await newPerson(owner);
    const personal = await newToken(owner, { kind: 'personal', user_id: person.userId });
    const [live, dead] = [await made(), await made()];
    const expired = await newToken(owner, { kind: 'service', expires_at: '2020-01-01T00:00:00Z', name: 'old' });
    await admin(['token', 'revoke', dead.id]);
    const { tokens } = (await adminJson('token', 'list')) as { tokens: { id: string; state: string }[] };
    const states = new Map(tokens.map(({ id, state }) => [id, state]));
    expect([live, dead, expired, personal].map(({ id }) => states.get(id))).toEqual([
      'live',
      'revoked',
      'expired',
      undefined,
    ]);
    expect(tokens.find(({ id }) => id === live.id)).toEqual({
      id: live.id,
      prefix: live.token.slice(0, 8),
      name: expect.any(String),
      scopes: ['profile:read'],
      state: 'live',
      createdAt: expect.stringMatching(/Z$/),
      expiresAt: expect.stringMatching(/Z$/),
      lastUsedAt: null,
    });
    const { stdout } = await admin(['token', 'list']);
    expect(stdout).toMatch(new RegExp(`^${live.id}  ${live.token.slice(0, 8)}…  live +2`, 'm'));
    expect(stdout).not.toMatch(/gtk_\w{5,}/);
  });

  it('end a token by its id, from the next call on, and once', async () => {
    const { token, id } = await made();
    expect(await gateSays(token)).toMatchObject({ kind: 'service' });
    expect((await admin(['token', 'revoke', id])).stdout).toMatch(/^The service token \S+ \("\S+"\) is revoked\.\n$/);
    expect(await gateSays(token)).toBe('token.revoked');
    const query = 'select revoked_at::text from api_tokens where id = $1';
    const before = await owner.query(query, [id]);
    expect(await adminJson('token', 'revoke', id)).toMatchObject({ id, changed: false });
    expect(await owner.query(query, [id])).toEqual(before);
  });

  it('end a leaked token of a user by its secret, which is not printed again', async () => {
    const person = await newPerson(owner);
    const { token, id } = await newToken(owner, { kind: 'personal', user_id: person.userId });
    const { stdout, stderr } = await admin(['token', 'revoke', token]);
    expect(stdout).toBe(`The personal token ${id} ("a test") is revoked.\n`);
    expect(stdout + stderr).not.toContain(token);
    expect(await gateSays(token)).toBe('token.revoked');
    await admin(['token', 'revoke', id]);
    expect(await historyOf(person.userId)).toEqual([{ event_type: 'token_revoked', success: true }]);
  });

  it.each([
    ['an id that there is not', newId, 'There is no API token of that id.'],
    ['a text that is no id', () => 'x', 'There is no API token of that id.'],
    ['a secret never given out', newApiToken, 'never given out here'],
  ])('refuse %s', async (_, name, message) => {
    const { code, stderr } = await admin(['token', 'revoke', name()]);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });
});

describe('the admin command', () => {
  it('says what it can do, and where it connects', async () => {
    for (const words of [[], ['--help'], ['token', 'create', '-h']]) {
      const { code, stdout, stderr } = await admin(words, { env: {} });
      expect([code, stderr]).toEqual([0, '']);
      for (const scope of scopesFor('service')) expect(stdout).toContain(scope);
      expect(stdout).toContain('MIGRATION_DATABASE_URL');
    }
  });

  it.each([
    [['promote', 'a@example.com'], 'There is no command "promote". Commands: grant, revoke,'],
    [['token'], 'There is no command "token".'],
    [['grant'], '"grant" needs EMAIL.'],
    [['grant', 'a@example.com', 'b@example.com'], '"b@example.com" is one word too many'],
    [['token', 'list', 'x'], '"token list" does not take "x".'],
    [['grant', 'a@example.com', '--days', '3'], '"grant" has no option --days.'],
    [['grant', 'a@example.com', '--force'], "'--force'"],
  ])('refuses %j with exit code 2', async (words, message) => {
    const { code, stdout, stderr } = await admin(words);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('needs to know where the database is', async () => {
    const { code, stdout, stderr } = await admin(['token', 'list', '--json'], { env: {} });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^The setting MIGRATION_DATABASE_URL is missing, and npm run dev does not run/);
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage.invalid' } });
    expect(await admin(['token', 'list', '--dev'])).toMatchObject({
      code: 2,
      stderr: 'npm run dev does not run in this directory.\n',
    });
  });

  it('finds the database of npm run dev by itself, and with --dev past other settings', async () => {
    const cwd = mkdtempSync(join(tmpdir(), 'gatehouse-admin-'));
    onTestFinished(() => rmSync(cwd, { recursive: true, force: true }));
    mkdirSync(join(cwd, '.gatehouse'));
    writeEnvFile(join(cwd, '.gatehouse/owner.vars'), settings);
    const elsewhere = { MIGRATION_DATABASE_URL: 'postgres://me:never-shown@127.0.0.1:1/elsewhere' };
    expect(await admin(['token', 'list'], { cwd, env: {} })).toMatchObject({ code: 0 });
    expect(await admin(['token', 'list', '--dev'], { cwd, env: elsewhere })).toMatchObject({ code: 0 });
    const { code, stderr } = await admin(['token', 'list'], { cwd, env: elsewhere });
    expect(code).toBe(1);
    expect(stderr).toContain('Target: me@127.0.0.1:1/elsewhere (TCP)\nCannot connect to me@127.0.0.1:1/elsewhere');
    expect(stderr).not.toContain('never-shown');
  });

  it('names a malformed setting without its value', async () => {
    const env = { MIGRATION_DATABASE_URL: 'http://never-shown@x' };
    const { code, stderr } = await admin(['token', 'list'], { env });
    expect(code).toBe(2);
    expect(stderr).toBe(
      'MIGRATION_DATABASE_URL must begin with postgres:// or postgresql:// (postgres://USER:PASSWORD@HOST/DATABASE).\n',
    );
  });

  it('says what the database says: a login that may not', async () => {
    const env = { ...settings, MIGRATION_DATABASE_URL: inject('worker')['SERVICE_DATABASE_URL'] };
    const { code, stderr } = await admin(['token', 'create', '--scopes', 'profile:read'], { env });
    expect(code).toBe(1);
    expect(stderr).toContain('The database refused: permission denied for table api_tokens (42501)');
  });
});
