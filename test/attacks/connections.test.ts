import { beforeAll, describe, expect, it } from 'vitest';
import { newId } from '../../src/lib/ids.ts';
import { issuer, newConnected, newConnectedApp, newMember, trailOf, vaultRow } from '../support/connections.ts';
import { countsAt } from '../support/fault-proxy.ts';
import { newAccount } from '../support/oidc-provider.ts';
import { newOrganization, newOrganizationToken, newToken, type Person } from '../support/owner.ts';
import { allProcedures } from '../support/procedures.ts';
import { call, owner } from '../support/worker.ts';

type Victim = Awaited<ReturnType<typeof newConnectedApp>>;

/** What a procedure is asked about; it takes of it what its schema names. */
interface Target {
  readonly userId: string;
  readonly organizationId: string;
  readonly connectionId: string;
  readonly accountId: string;
}

const procedures = allProcedures().filter(({ path }) => /^oauth\.(connections|apps)\./.test(path));

let bob: Victim & { readonly own: Awaited<ReturnType<typeof newConnected>> };
let alice: Person;
let hers: string;

beforeAll(async () => {
  bob = { ...(await newConnectedApp()), own: await newConnected() };
  hers = await newOrganization(owner);
  alice = await newMember(hers, 'owner');
});

/** All of an answer that could tell one thing from another; not its time, and not the request's id. */
async function answerTo(path: string, input: Partial<Target>, token: string) {
  const type = procedures.find((procedure) => procedure.path === path)?.type;
  const method = type === 'query' ? 'GET' : 'POST';
  const { status, code, data, response } = await call(path, { connector: 'demo', ...input }, { token, method });
  const body = (await response.text()).replaceAll(/"requestId":"[^"]+"/g, '');
  const headers = [...response.headers.keys()].filter((name) => name !== 'set-cookie').toSorted();
  return { status, code, data, headers, length: body.length, body: code === undefined ? '' : body };
}

/** The same attempt on what is Bob's and on what nobody has: both answers, which must not differ. */
async function bothAnswers(path: string, target: Partial<Target>, token: string) {
  const ofNobody = {
    userId: newId(),
    organizationId: newId(),
    connectionId: newId(),
    accountId: newAccount().subject,
  };
  const unknown = Object.fromEntries(
    Object.entries(target).map(([name, value]) => [name, isBobs(value) ? ofNobody[name as keyof Target] : value]),
  );
  return [await answerTo(path, target, token), await answerTo(path, unknown, token)] as const;
}

const isBobs = (value: unknown) =>
  [bob.organizationId, bob.connectionId, bob.own.connectionId, bob.own.person.userId].includes(String(value)) ||
  [bob.account.subject, bob.own.account.subject].includes(String(value));

/** What Bob has must be the same afterwards, to the last column. */
async function untouched(attempts: () => Promise<void>): Promise<void> {
  const ids = [bob.connectionId, bob.own.connectionId];
  const look = async () => ({
    rows: await Promise.all(ids.map(vaultRow)),
    trails: await Promise.all(ids.map(trailOf)),
    atProvider: await Promise.all(
      [bob.account, bob.own.account].map(async ({ subject }) => [
        (await countsAt(issuer, { subject })).arrived,
        (await countsAt(issuer, { subject, endpoint: 'revocation' })).arrived,
      ]),
    ),
  });
  const before = await look();
  await attempts();
  expect(await look()).toEqual(before);
}

const ofUser = procedures.filter(({ path }) => path.startsWith('oauth.connections.') && !path.endsWith('.connect'));
const ofOrganization = procedures.filter(({ path }) => path.startsWith('oauth.apps.'));
const takesConnection = (path: string) => /\.(get|explain|refresh|makePrimary|disconnect)$/.test(path);

/** Whether a call that was let in says anything of Bob. */
function expectNothingOfBob(path: string, { status, code, data }: Awaited<ReturnType<typeof answerTo>>): void {
  if (takesConnection(path)) expect([code, status], path).toEqual(['connection.not_found', 404]);
  else if (path.endsWith('.list')) expect(data, path).toEqual({ items: [] });
  else if (path.endsWith('.getToken')) expect(data, path).toEqual({ status: 'not_connected' });
}

describe('Bob’s connections, asked for by Alice', () => {
  it('are all there is to attack: every procedure of the vault is tried', () => {
    expect(procedures.map(({ path }) => path).toSorted()).toEqual(
      ['connections', 'apps']
        .flatMap((group) =>
          ['connect', 'disconnect', 'explain', 'get', 'getToken', 'list', 'makePrimary', 'refresh'].map(
            (name) => `oauth.${group}.${name}`,
          ),
        )
        .toSorted(),
    );
  });

  it('GHSA-4vcf-q4xf-f48m: are not found under her own name, like those that nobody has', async () => {
    await untouched(async () => {
      for (const { path } of ofUser) {
        for (const connectionId of [bob.own.connectionId, bob.connectionId]) {
          const target = { userId: alice.userId, connectionId, accountId: bob.own.account.subject };
          const [known, unknown] = await bothAnswers(path, target, alice.token);
          expect(known, path).toEqual(unknown);
          expectNothingOfBob(path, known);
        }
      }
    });
  });

  it('CVE-2025-61928: are not hers to ask for in his name, whether there is such a person or not', async () => {
    await untouched(async () => {
      for (const { path } of ofUser) {
        const target = { userId: bob.own.person.userId, connectionId: bob.own.connectionId };
        const [known, unknown] = await bothAnswers(path, target, alice.token);
        expect(known, path).toEqual(unknown);
        expect(known.code, path).toBe('subject.forbidden');
      }
    });
  });

  it('GHSA-4vcf-q4xf-f48m: are not found under her organisation’s name', async () => {
    await untouched(async () => {
      for (const { path } of ofOrganization.filter(({ path: name }) => !name.endsWith('.connect'))) {
        for (const connectionId of [bob.connectionId, bob.own.connectionId]) {
          const target = { organizationId: hers, connectionId, accountId: bob.account.subject };
          const [known, unknown] = await bothAnswers(path, target, alice.token);
          expect(known, path).toEqual(unknown);
          expectNothingOfBob(path, known);
        }
      }
    });
  });

  it('are not there in an organisation that is not hers, like those of one that nobody has', async () => {
    await untouched(async () => {
      for (const { path } of ofOrganization) {
        const target = { organizationId: bob.organizationId, connectionId: bob.connectionId };
        const [known, unknown] = await bothAnswers(path, target, alice.token);
        expect(known, path).toEqual(unknown);
        expect(known.code, path).toBe('organization.not_found');
      }
    });
  });

  it('are not changed or used by a mere member of the organisation, and not told apart by the refusal', async () => {
    const member = await newMember(bob.organizationId, 'member');
    await untouched(async () => {
      for (const { path } of ofOrganization.filter(({ path: name }) => !/\.(list|get|explain)$/.test(name))) {
        const [known, unknown] = [bob.connectionId, newId()].map((connectionId) =>
          answerTo(path, { organizationId: bob.organizationId, connectionId }, member.token),
        );
        expect(await known, path).toEqual(await unknown);
        expect((await known)?.code, path).toBe('organization.role_missing');
      }
    });
  });

  it('are out of reach of her tokens, with the scopes or without', async () => {
    const scopes = (...names: string[]) => JSON.stringify(names.map((name) => `connections:${name}`));
    const personal = { kind: 'personal', user_id: alice.userId };
    const tokens = await Promise.all([
      newToken(owner, { ...personal, scopes: '["profile:read"]' }),
      newToken(owner, { ...personal, scopes: scopes('read', 'write', 'token') }),
      newOrganizationToken(owner, hers, ['connections:read', 'connections:write', 'connections:token']),
    ]);
    const targets: Partial<Target>[] = [
      { userId: alice.userId, organizationId: hers, connectionId: bob.own.connectionId },
      { userId: bob.own.person.userId, organizationId: bob.organizationId, connectionId: bob.connectionId },
    ];
    await untouched(async () => {
      for (const { token } of tokens) {
        for (const target of targets) {
          for (const { path } of [...ofUser, ...ofOrganization]) {
            const [known, unknown] = await bothAnswers(path, target, token);
            expect(known, path).toEqual(unknown);
            if (known.code === undefined) expectNothingOfBob(path, known);
            expect(known.body + JSON.stringify(known.data), path).not.toContain(bob.own.account.subject);
          }
        }
      }
    });
  });

  it('cannot be connected in place by her, at his or at her organisation', async () => {
    await untouched(async () => {
      for (const connectionId of [bob.own.connectionId, bob.connectionId]) {
        for (const input of [{ connectionId }, { connectionId, organizationId: hers }]) {
          const path = 'organizationId' in input ? 'oauth.apps.connect' : 'oauth.connections.connect';
          const [known, unknown] = await bothAnswers(path, input, alice.token);
          expect(known, path).toEqual(unknown);
          expect(known.code, path).toBe('connection.not_found');
        }
      }
    });
  });
});
