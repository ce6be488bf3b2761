import { describe, expect, it } from 'vitest';
import { revokeGrants } from '../../../src/domain/oauth/revocations.ts';
import {
  change,
  connect,
  isTaken,
  issuer,
  newConnected,
  newDue,
  trailOf,
  vaultContext,
} from '../../support/connections.ts';
import { addFault } from '../../support/fault-proxy.ts';
import { grantsOf } from '../../support/oidc-provider.ts';
import { newPerson } from '../../support/owner.ts';
import { newBrowser } from '../../support/social.ts';
import { call, owner } from '../../support/worker.ts';

const waiting = (connectionId: string) =>
  owner.query('select * from grant_revocations where connection_id = $1', [connectionId]);

/** Runs the job until it has tried this one: another run may have taken it first. */
async function tried(connectionId: string, settings = {}): Promise<Record<string, unknown> | undefined> {
  await owner.query('update grant_revocations set next_try_at = now() where connection_id = $1', [connectionId]);
  const { attempts: before = 0 } = (await waiting(connectionId))[0] ?? {};
  const { ctx } = vaultContext(settings);
  for (let wait = 0; wait < 50; wait += 1) {
    await revokeGrants(ctx);
    const [row] = await waiting(connectionId);
    const isSettled = Number(row?.attempts) > Number(before) && row?.last_failure !== null;
    if (!row || isSettled) return row;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('The job did not get to it.');
}

async function newGivenUp(columns: Record<string, unknown> = {}) {
  const made = await newDue(columns);
  const { userId, token } = made.person;
  await call('oauth.connections.disconnect', { userId, connectionId: made.id }, { token });
  return made;
}

const isAlive = async (subject: string) => (await grantsOf(issuer, subject)).map((grant) => grant.isAlive);
const lastEvent = async (connectionId: string) => (await trailOf(connectionId)).at(-1);

describe('a grant that was given up here', () => {
  it('is revoked at the provider, and then its token is forgotten', async () => {
    const { id, grant } = await newGivenUp();
    expect(await isAlive(grant.subject)).toEqual([true]);
    expect(await tried(id)).toBeUndefined();
    expect(await isAlive(grant.subject)).toEqual([false]);
    expect(await isTaken(grant.accessToken)).toBe(false);
    expect(await lastEvent(id)).toMatchObject({ event: 'grant_revoked', actor_kind: null, evidence: { attempts: 1 } });
  });

  it('by its access token, where there is no other', async () => {
    const { id, grant } = await newGivenUp({ refresh_token: null });
    expect(await tried(id)).toBeUndefined();
    expect(await isTaken(grant.accessToken)).toBe(false);
  });

  it('is tried again, later each time, until the provider has heard', async () => {
    const { id, grant } = await newGivenUp();
    const fault = await addFault(issuer, {
      fault: { kind: 'status', status: 503 },
      times: 2,
      when: { endpoint: 'revocation', subject: grant.subject },
    });
    const first = await tried(id);
    expect(first).toMatchObject({ attempts: '1', last_failure: { class: 'transient', code: 'http_503' } });
    const second = await tried(id);
    expect(second).toMatchObject({ attempts: '2' });
    const waits = [first, second].map((row) => Date.parse(String(row?.next_try_at)) - Date.now());
    expect(waits[0]).toBeGreaterThan(30_000);
    expect(waits[1]).toBeGreaterThan(waits[0] ?? 0);
    expect(await tried(id)).toBeUndefined();
    expect(await fault.applied()).toBe(2);
    expect(await isAlive(grant.subject)).toEqual([false]);
    expect(await lastEvent(id)).toMatchObject({ event: 'grant_revoked', evidence: { attempts: 3 } });
  });

  it('is not taken for revoked with a wrong client: that is the deployment’s matter, and waits', async () => {
    const { id, grant } = await newGivenUp();
    const row = await tried(id, { DEMO_CLIENT_SECRET: 'wrong' });
    expect(row).toMatchObject({ last_failure: { class: 'configuration', code: 'invalid_client' } });
    expect(await tried(id)).toBeUndefined();
    expect(await isAlive(grant.subject)).toEqual([false]);
  });

  it('is kept where the same account is connected by somebody else: its end would be theirs', async () => {
    const { person, account, connectionId } = await newConnected();
    const other = await newPerson(owner);
    await connect(newBrowser({ token: other.token }), account);
    const input = { userId: person.userId, connectionId };
    await call('oauth.connections.disconnect', input, { token: person.token });
    expect(await tried(connectionId)).toBeUndefined();
    expect(await lastEvent(connectionId)).toMatchObject({ event: 'grant_kept' });
    expect(await isAlive(account.subject)).toEqual([true, true]);
  });

  it('survives its user', async () => {
    const { id, grant, person } = await newGivenUp();
    await owner.query('delete from users where id = $1', [person.userId]);
    expect(await tried(id)).toBeUndefined();
    expect(await isAlive(grant.subject)).toEqual([false]);
    expect(await trailOf(id)).toEqual([]);
  });

  it('whose seal does not open is neither sent nor forgotten', async () => {
    const { id, grant } = await newGivenUp();
    await owner.query("update grant_revocations set owner = 'user:somebody-else' where connection_id = $1", [id]);
    expect(await tried(id)).toMatchObject({ last_failure: { code: 'seal.refused' } });
    expect(await isAlive(grant.subject)).toEqual([true]);
  });

  it('is given up after a week of tries, and that is noted', async () => {
    const { id, grant } = await newGivenUp();
    await addFault(issuer, {
      fault: { kind: 'status', status: 503 },
      when: { endpoint: 'revocation', subject: grant.subject },
    });
    await owner.query('update grant_revocations set attempts = 169 where connection_id = $1', [id]);
    expect(await tried(id)).toBeUndefined();
    expect(await lastEvent(id)).toMatchObject({ event: 'revocation_given_up', evidence: { code: 'http_503' } });
  });
});

describe('an account that was added before its address was proven', () => {
  it('goes with the rest of what was prepared there, and its grant is revoked', async () => {
    const { person, id } = await newDue({ client_id: 'nobody’s' });
    await change(id, { created_by: person.userId });
    await owner.query('select gatehouse.strip_unproven_but($1, null)', [person.userId]);
    expect(await owner.query('select from oauth_connections where user_id = $1', [person.userId])).toEqual([]);
    expect(await waiting(id)).toHaveLength(1);
  });

  it('stays where a backend brought it, beside what a person added, which goes with its token', async () => {
    const { userId } = await newPerson(owner);
    const link = 'select link_service_to_user($1, $2, $3, access_token => $4)';
    await owner.query(link, [userId, 'gmail', 'brought', 'text']);
    await owner.query(link, [userId, 'gmail', 'planted', 'text']);
    for (const table of ['user_integrations', 'oauth_connections']) {
      const which = table === 'user_integrations' ? 'external_user_id' : 'account_id';
      const value = which === 'external_user_id' ? "'planted'" : "gatehouse.unverified_account('gmail', 'planted')";
      await owner.query(`update ${table} set created_by = user_id where user_id = $1 and ${which} = ${value}`, [
        userId,
      ]);
    }
    await owner.query('select gatehouse.strip_unproven_but($1, null)', [userId]);
    const left = await owner.query(
      `select ui.external_user_id, c.access_token from user_integrations ui
         join oauth_connections c on c.user_id = ui.user_id and c.id = ui.connection_id where ui.user_id = $1`,
      [userId],
    );
    expect(left).toEqual([{ external_user_id: 'brought', access_token: 'text' }]);
    expect(await owner.query('select from oauth_connections where user_id = $1', [userId])).toHaveLength(1);
  });
});
