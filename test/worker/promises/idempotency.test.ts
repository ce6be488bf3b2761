import { neonConfig } from '@neondatabase/serverless';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as z from 'zod';
import { newId } from '../../../src/lib/ids.ts';
import { allProcedures, type ProcedureInfo } from '../../support/procedures.ts';
import { type Ready, readyFor, type World } from '../../support/ready-mutations.ts';
import { call, keyedHeaders, newAddress, type Outcome, owner } from '../../support/worker.ts';

const mutations = allProcedures().filter(({ type }) => type === 'mutation');

/** What only makes a challenge, random each time, and stores nothing. */
const challenges = ['auth.startPasskeySignIn', 'auth.startPasskeyRegistration', 'auth.startStepUp'];
/** What asks no database: there is nothing to hold the key against, and nothing that it could do twice. */
const withoutTrip = ['auth.startPasskeySignIn'];
/** What ends the credential that sends it: sent again, the gate refuses that first, and the answer is that it is done. */
const endsItself = ['auth.signOut', 'auth.stepUp'];

/** Calls from a network of its own each time, so that only what the account allows is counted. */
const send = (path: string, { token }: Ready, input: unknown, headers: Record<string, string>) =>
  call(path, input, { token, method: 'POST', headers: { ...headers, 'cf-connecting-ip': newAddress() } });

/** Secrets are 43 characters of base64url and more; ids that a key makes have version 8. */
const SECRET = /[\w-]{43,}/g;
const SECRET_OR_ID = /[\w-]{43,}|[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** What a call made, as its answer and its cookies show it. The id of a passkey is its authenticator's. */
function madeIn({ data, response }: Outcome, input: unknown, kind = SECRET_OR_ID): string[] {
  const { credentialId: _, ...answer } = (data ?? {}) as Record<string, unknown>;
  const text = JSON.stringify(answer) + JSON.stringify(response.headers.getSetCookie());
  const given = JSON.stringify(input ?? null);
  return (text.match(kind) ?? []).filter((found) => !given.includes(found));
}

const OWN = [
  'login_history',
  'security_alerts',
  'oauth_states',
  'passkeys',
  'oauth_accounts',
  'user_sessions',
] as const;
const SHARED = ['oauth_connections', 'user_integrations', 'outbox', 'api_tokens'] as const;

/** How many rows there are of whatever a call may make. A token that was read is noted each minute, whatever calls. */
async function effects({ userId, organizationId, emails }: World): Promise<Record<string, number>> {
  const counts = [
    ...OWN.map((table) => `(select count(*) from ${table} where user_id = $1) as ${table}`),
    ...SHARED.map((table) => {
      const ofTeam = table === 'user_integrations' ? 'false' : 'organization_id = $2::uuid';
      const made = table === 'api_tokens' ? 'created_by = $1' : 'false';
      return `(select count(*) from ${table} where user_id = $1 or ${ofTeam} or ${made}) as ${table}`;
    }),
    '(select count(*) from magic_links where user_id = $1 or email = any($3)) as magic_links',
    `(select count(*) from connection_events where (user_id = $1 or organization_id = $2::uuid)
       and event <> 'token_read') as connection_events`,
  ];
  const [row] = await owner.query<Record<string, number>>(`select ${counts.join(', ')}`, [
    userId,
    organizationId,
    emails,
  ]);
  return row ?? {};
}

/** Moments differ between two answers, all else is the same. */
const withoutTimes = (data: unknown) =>
  JSON.parse(JSON.stringify(data ?? null).replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"a moment"')) as unknown;

const others: Record<string, string> = {
  bearer: 'cookie',
  telegram: 'signal',
  'connections:read': 'connections:write',
  '/account': '/integrations',
};

/** Another value of the same kind. */
function another(value: unknown): unknown {
  if (typeof value === 'number') return value + 1;
  if (typeof value === 'boolean') return !value;
  if (Array.isArray(value)) return value.map(another);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, another(field)]));
  }
  const text = String(value);
  if (/^[0-9a-f-]{36}$/.test(text)) return newId();
  if (text.includes('@')) return `${newId()}@example.com`;
  // Secrets keep their form: an id may stand before them, and their last character is changed.
  if (text.length >= 43) return text.slice(0, -1) + (text.endsWith('A') ? 'B' : 'A');
  if (/^\d{6}$/.test(text)) return String((Number(text) + 1) % 1_000_000).padStart(6, '0');
  return others[text] ?? `${text}x`;
}

/** The input with one field changed, for each field; those that the schema refuses are left out. */
function variations({ inputs }: ProcedureInfo, input: Record<string, unknown> | undefined) {
  const fits = (value: unknown) => inputs.every((schema) => z.safeParse(schema, value).success);
  return Object.keys(input ?? {})
    .map((name) => ({ name, changed: { ...input, [name]: another(input?.[name]) } }))
    .filter(({ changed }) => fits(changed));
}

/** The keys that the database was told of while `run` ran, as they are stored. */
async function claimedWhile(run: () => Promise<unknown>): Promise<string[]> {
  const original = neonConfig.fetchFunction as typeof fetch;
  const claimed: string[] = [];
  neonConfig.fetchFunction = (url: string, init: RequestInit) => {
    const { queries = [] } = JSON.parse(String(init.body)) as { queries?: { query: string; params: string[] }[] };
    const claim = queries.find(({ query }) => query.includes('claim_operation'));
    if (claim) claimed.push(claim.params[0] ?? '');
    return original(url, init);
  };
  await run().finally(() => void (neonConfig.fetchFunction = original));
  return claimed;
}

/** What refuses a call under a used key: the key; or what stands in the way before it is looked at. */
function refusals(path: string, field: string): readonly string[] {
  if (field === 'userId' || field === 'organizationId') {
    return ['idempotency_key.reused', 'organization.not_found', 'subject.forbidden'];
  }
  if (field === 'response') return ['passkey.malformed', 'passkey.challenge_invalid'];
  // The session has a new secret since, so the old one is nobody's.
  if (path === 'auth.stepUp') return ['credential.invalid', 'idempotency_key.reused'];
  // Another input is another mail, and counts.
  if (/request(MagicLink|EmailChange|StepUpMail)$/.test(path)) {
    return ['idempotency_key.reused', 'rate_limit.exceeded'];
  }
  return ['idempotency_key.reused'];
}

const people: string[] = [];

async function worldFor(path: string): Promise<Ready> {
  const ready = await readyFor(path);
  people.push(ready.world.userId);
  return ready;
}

afterEach(async () => {
  vi.useRealTimers();
  // A deployment has fifty live service tokens at most, and other tests make theirs in this one.
  await owner.query("update api_tokens set revoked_at = now() where kind = 'service' and created_by = any($1)", [
    people,
  ]);
});

describe.each(mutations)('$path', (procedure) => {
  const { path } = procedure;
  const makesChallenge = challenges.includes(path);

  it('twice with one key and input: the same answer, one effect', async () => {
    const ready = await worldFor(path);
    const headers = keyedHeaders();
    const first = await send(path, ready, ready.input, headers);
    expect(first.status, first.code).toBe(200);
    const once = await effects(ready.world);
    const again = await send(path, ready, ready.input, headers);
    expect(again.status, again.code).toBe(200);
    if (!makesChallenge) expect(withoutTimes(again.data)).toEqual(withoutTimes(first.data));
    expect(await effects(ready.world)).toEqual(once);
  });

  it('with one key and another input, field by field: refused, and nothing is shared', async () => {
    const ready = await worldFor(path);
    const headers = keyedHeaders();
    const first = await send(path, ready, ready.input, headers);
    expect(first.status, first.code).toBe(200);
    const made = madeIn(first, ready.input);
    const changes = variations(procedure, ready.input);
    expect(changes.length).toBeGreaterThanOrEqual(procedure.inputs.length > 0 ? 1 : 0);
    for (const { name, changed } of changes) {
      const other = await send(path, ready, changed, headers);
      const shared = madeIn(other, changed).filter((one) => made.includes(one));
      expect(shared, name).toEqual([]);
      expect(refusals(path, name), `${name}: ${other.status}`).toContain(other.code);
    }
  });

  it('two callers with one key: nothing is shared', async () => {
    const key = newId();
    const mine = await worldFor(path);
    const theirs = await worldFor(path);
    // A stranger may know the whole input of a call that needs no credential.
    const input = mine.token === undefined ? mine.input : theirs.input;
    const first = await send(path, mine, mine.input, keyedHeaders(key));
    const second = await send(path, theirs, input, keyedHeaders(key));
    expect([first.status, first.code]).toEqual([200, undefined]);
    expect(second.code).not.toBe('idempotency_key.reused');
    const made = madeIn(first, mine.input);
    expect(madeIn(second, input).filter((one) => made.includes(one))).toEqual([]);
  });

  it('a day later, and after the clean-up, the key gives none of the secrets that it gave', async () => {
    const ready = await worldFor(path);
    const headers = keyedHeaders();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const sent: Outcome[] = [];
    const claimed = await claimedWhile(async () => sent.push(await send(path, ready, ready.input, headers)));
    expect(sent.map(({ status, code }) => [status, code])).toEqual([[200, undefined]]);
    expect(claimed.length > 0).toBe(!withoutTrip.includes(path));
    const secrets = sent.flatMap((one) => madeIn(one, ready.input, SECRET));
    await owner.query("update idempotency_keys set created_at = now() - interval '25 hours' where key_hash = any($1)", [
      claimed,
    ]);
    const late = await send(path, ready, ready.input, headers);
    if (claimed.length > 0 && !endsItself.includes(path)) expect(late.code).toBe('idempotency_key.expired');
    // The rows go after eight days; the key is then a new one.
    await owner.query('delete from magic_links where email = any($1)', [ready.world.emails]);
    await owner.query('delete from idempotency_keys where key_hash = any($1)', [claimed]);
    vi.setSystemTime(Date.now() + 9 * 86_400_000);
    const afresh = await send(path, ready, ready.input, headers);
    // A session that proves itself anew may be told its new secret again, for ten minutes; the test's day is shorter.
    const answers = endsItself.includes(path) ? [afresh] : [late, afresh];
    const again = answers.flatMap((answer) => madeIn(answer, ready.input, SECRET));
    // The handle by which WebAuthn knows a user stays.
    if (!makesChallenge) expect(again.filter((one) => secrets.includes(one))).toEqual([]);
  });
});
