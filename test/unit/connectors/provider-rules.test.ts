import { describe, expect, it } from 'vitest';
import { apple } from '../../../src/connectors/apple.ts';
import { demo } from '../../../src/connectors/demo.ts';
import { redeemCallback } from '../../../src/connectors/flow.ts';
import { github } from '../../../src/connectors/github.ts';
import { google } from '../../../src/connectors/google.ts';
import { microsoft } from '../../../src/connectors/microsoft.ts';
import type { Claims } from '../../../src/connectors/types.ts';
import { BROWSER_SECRET, REDIRECT_URI, STATE } from './support/provider.ts';
import { person, TENANT } from './support/samples.ts';
import { testProviders } from './support/started.ts';

const { start, providerOf } = testProviders();

describe('an address at Google', () => {
  const provider = providerOf(google);
  const verified = async (claims: Claims) => (await provider().signIn({ claims })).isEmailVerified;

  it('is vouched for when it is Gmail, or of a Workspace domain', async () => {
    expect(await verified({ email: 'Ada@GMail.com', hd: undefined })).toBe(true);
    expect(await verified({ email: 'ada@example.com', hd: 'example.com' })).toBe(true);
  });

  it('is not vouched for when Google verified it once and is no authority for it', async () => {
    expect(await verified({ email: 'ada@example.com', hd: undefined })).toBe(false);
    expect(await verified({ email: 'ada@example.com', hd: '' })).toBe(false);
    expect(await verified({ email: 'ada@evil-gmail.com', hd: undefined })).toBe(false);
    expect(await verified({ email: 'ada@gmail.com.evil.example', hd: undefined })).toBe(false);
  });

  it('is not vouched for unless Google says that it is verified', async () => {
    for (const email_verified of [false, undefined, 'true', 1]) {
      expect(await verified({ email: 'ada@gmail.com', email_verified })).toBe(false);
    }
  });
});

describe('an account at Microsoft', () => {
  const provider = providerOf(microsoft);
  const other = '11111111-2222-4333-8444-555555555555';
  const issuerOf = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`;
  const mismatch = { code: 'provider.issuer_mismatch' };

  it('belongs to the issuer of its own tenant', async () => {
    expect((await provider().signIn()).issuer).toBe(issuerOf(TENANT));
    const claims = { tid: other, iss: issuerOf(other) };
    expect((await provider().signIn({ claims })).issuer).toBe(issuerOf(other));
  });

  it.each([
    ['another tenant than its token names', { tid: other }],
    ['no tenant', { tid: undefined }],
    ['a tenant that is no UUID', { tid: 'common', iss: issuerOf('common') }],
    ['a tenant that is a path', { tid: `${TENANT}/../x`, iss: issuerOf(`${TENANT}/../x`) }],
    ['a tenant that is an object', { tid: { toString: TENANT } }],
    ['the issuer with its place left open', { tid: undefined, iss: issuerOf('{tenantid}') }],
    ['version 1.0 of the platform', { iss: `https://sts.windows.net/${TENANT}/` }],
    ['another cloud', { iss: `https://login.microsoftonline.us/${TENANT}/v2.0` }],
  ])('is refused with %s', (_, claims) => expect(provider().signIn({ claims })).rejects.toMatchObject(mismatch));

  it('is refused when the answer names another tenant than the token', async () => {
    expect((await provider().signIn({ callback: { iss: issuerOf(TENANT) } })).issuer).toBe(issuerOf(TENANT));
    for (const iss of [
      issuerOf(other),
      issuerOf('common'),
      issuerOf('{tenantid}'),
      'https://login.microsoftonline.com/',
    ]) {
      await expect(provider().signIn({ callback: { iss } })).rejects.toMatchObject(mismatch);
    }
  });

  // nOAuth (2023): the administrator of any tenant writes any address.
  it('has no verified address unless its domain is', async () => {
    for (const xms_edov of [undefined, false, 'false', 0, null]) {
      const { email, isEmailVerified } = await provider().signIn({ claims: { xms_edov, email_verified: true } });
      expect({ email, isEmailVerified }).toEqual({ email: person.email, isEmailVerified: false });
    }
  });
});

describe('a key of Microsoft', () => {
  /** A sign-in where every key names that issuer. Its key set has an address of its own: the flow keeps key sets. */
  const signInWithKeyFor = async (issuer: string) => {
    const { endpoints } = microsoft;
    if (!endpoints) throw new Error('The literal has no endpoints.');
    const jwks = `https://keys.example/${encodeURIComponent(issuer)}`;
    const provider = await start({ ...microsoft, endpoints: { ...endpoints, jwks } });
    const keys = provider.keys.keySet.keys.map((key) => ({ ...key, issuer }));
    return provider.signIn({ answers: { jwks: { body: { keys } } } });
  };
  const issuerFor = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`;

  it('signs for the tenants that it is for', async () => {
    expect((await signInWithKeyFor(issuerFor(TENANT))).subject).toBe(person.sub);
    expect((await signInWithKeyFor(issuerFor('{tenantid}'))).subject).toBe(person.sub);
  });

  it('signs for no other, as the stolen one of Storm-0558 did', async () => {
    const forged = signInWithKeyFor(issuerFor('9188040d-6c67-4c5b-b112-36a304b66dad'));
    await expect(forged).rejects.toMatchObject({ code: 'provider.issuer_mismatch' });
  });
});

describe('an account at Apple', () => {
  const provider = providerOf(apple);
  const named = async (user: string | undefined) => (await provider().signIn({ callback: { user } })).name;

  it('has a verified address when Apple says so, as a text or not', async () => {
    const verified = async (email_verified: unknown) =>
      (await provider().signIn({ claims: { email_verified } })).isEmailVerified;
    expect(await verified(true)).toBe(true);
    expect(await verified('true')).toBe(true);
    for (const value of ['false', false, undefined, 'TRUE', 1]) expect(await verified(value)).toBe(false);
  });

  it('has a name at the first sign-in, and none later', async () => {
    expect(await named('{"name":{"firstName":"Ada","lastName":"Lovelace"}}')).toBe('Ada Lovelace');
    expect(await named('{"name":{"firstName":"Ada"}}')).toBe('Ada');
    expect(await named(undefined)).toBeNull();
  });

  it.each(['', 'null', '[]', '1', '{', '"x"', '{"name":null}', '{"name":{"firstName":1,"lastName":{}}}'])(
    'has no name when the browser brings %s',
    async (user) => expect(await named(user)).toBeNull(),
  );

  it('has the address of the ID token, never the one beside the name', async () => {
    const user = '{"name":{"firstName":"Ada"},"email":"mallory@example.com"}';
    expect((await provider().signIn({ callback: { user } })).email).toBe(person.email);
  });

  it.each([
    ['secret', () => 'secret'],
    ['no key', (key: string) => key.replace(/[^:]*$/, '')],
    ['a key that is none', (key: string) => key.replace(/[^:]*$/, 'bm8ga2V5')],
    ['a key that is no base64', (key: string) => key.replace(/[^:]*$/, 'no base64!')],
    ['no key id', (key: string) => key.replace(/:[^:]*:/, '::')],
    ['no team id', (key: string) => key.replace(/^[^:]*/, '')],
  ])('is not asked for with a client secret of %s: the setting is named, and not shown', async (_, broken) => {
    const { params } = await provider().authorize();
    const { client, fetch } = provider();
    const clientSecret = broken(client.clientSecret);
    const own = { params, state: STATE, browserSecret: BROWSER_SECRET, redirectUri: REDIRECT_URI, fetch };
    const redeemed = redeemCallback(apple, { ...client, clientSecret }, own);
    const error: unknown = await redeemed.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: 'SettingError', setting: 'APPLE_CLIENT_SECRET' });
    expect(String(error)).not.toContain(clientSecret.slice(-12));
  });
});

describe('an account at GitHub', () => {
  const provider = providerOf(github);
  const answering = (user: unknown, emails?: unknown) =>
    provider().signIn({
      answers: { 'api.user': { body: user }, ...(emails === undefined ? {} : { 'api.emails': { body: emails } }) },
    });
  const invalid = { code: 'provider.answer_invalid' };

  it('is asked for as GitHub wants to be asked', async () => {
    await provider().signIn();
    const asked = provider().requests.filter(({ method }) => method === 'GET');
    expect(asked.map(({ url }) => url).sort()).toEqual([
      'https://api.github.com/user',
      'https://api.github.com/user/emails',
    ]);
    for (const { headers } of asked) {
      expect(headers).toMatchObject({
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
        'user-agent': 'Gatehouse',
      });
    }
  });

  // GHSA-5hvv-9cqv-894r: the JSON of an error was read as a user without an id, and that as user 0.
  it.each([
    ['an error', { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest' }],
    ['no id', { login: 'ada' }],
    ['zero for an id', { id: 0 }],
    ['a negative id', { id: -1 }],
    ['a fraction for an id', { id: 1.5 }],
    ['an id too large for a number', { id: 2 ** 53 }],
    ['a text for an id', { id: '1' }],
    ['null for an id', { id: null }],
    ['null', null],
    ['a list', [{ id: 1 }]],
    ['a text', 'Hello'],
  ])('is nobody when the API answers %s', (_, user) => expect(answering(user)).rejects.toMatchObject(invalid));

  it.each([401, 403, 404])('is nobody when the API answers with status %i', (status) => {
    const answers = { 'api.user': { status, body: { id: 1, login: 'ada' } } };
    return expect(provider().signIn({ answers })).rejects.toMatchObject(invalid);
  });

  it('has its primary address, verified only if that one is', async () => {
    const entry = (email: string, primary: unknown, verified: unknown) => ({ email, primary, verified });
    const emails = [entry('a@example.com', false, true), entry('b@example.com', true, false)];
    expect(await answering({ id: 1 }, emails)).toMatchObject({ email: 'b@example.com', isEmailVerified: false });
    const odd = [entry('a@example.com', 'true', true), entry('b@example.com', true, 'true')];
    expect(await answering({ id: 1 }, odd)).toMatchObject({ email: 'b@example.com', isEmailVerified: false });
  });

  it.each([[[]], [{}], [null], [[null, 1, 'x']], [[{ email: 'a@example.com', verified: true }]]])(
    'has no address when the API lists %j',
    async (emails) => expect(await answering({ id: 1 }, emails)).toMatchObject({ email: null, isEmailVerified: false }),
  );

  it('is called by its login where it has no name', async () =>
    expect(await answering({ id: 1, name: null, login: 'ada' })).toMatchObject({ name: 'ada', subject: '1' }));

  it('is refused when GitHub says no with status 200', () => {
    const body = { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' };
    return expect(provider().signIn({ answers: { token: { body } } })).rejects.toMatchObject({
      code: 'provider.refused',
    });
  });
});

describe('what any provider says about somebody', () => {
  const provider = providerOf(demo);
  const claiming = (claims: Claims) => provider().signIn({ claims });

  it.each([
    ['no address', 'ada'],
    ['two addresses', 'ada@example.com,mallory@example.com'],
    ['an address with a name', 'Ada <ada@example.com>'],
    ['a quoted one, which hides another', '"mallory@example.com "@example.com'],
    ['one that is not ASCII', 'ada@exämple.com'],
    ['a number', 1],
    ['a list', ['ada@example.com']],
    ['nothing', undefined],
  ])('has no address when it is %s', async (_, email) =>
    expect(await claiming({ email, email_verified: true })).toMatchObject({ email: null, isEmailVerified: false }),
  );

  it('has a verified address only when the claim is true', async () => {
    for (const email_verified of ['true', 1, undefined, null]) {
      expect((await claiming({ email_verified })).isEmailVerified).toBe(false);
    }
  });

  it('has a name on one line that a database can store', async () => {
    const nameFor = async (name: unknown) => (await claiming({ name })).name;
    expect(await nameFor('  Ada\n\tKing\u0000Lovelace ')).toBe('Ada King Lovelace');
    expect(await nameFor('Ada\u202elecaL')).toBe('Ada lecaL');
    expect(await nameFor('x'.repeat(5000))).toBe('x'.repeat(200));
    expect(await nameFor(`${'x'.repeat(199)}👩`)).toBe('x'.repeat(199));
    for (const name of ['', ' \n', '\ud800', 'a\ud800b', 1, {}, null]) expect(await nameFor(name)).toBeNull();
  });

  it('has a picture over https only', async () => {
    const pictureFor = async (picture: unknown) => (await claiming({ picture })).avatarUrl;
    expect(await pictureFor('https://images.example.com/a b.png')).toBe('https://images.example.com/a%20b.png');
    const others = ['http://a.example/x', 'javascript:alert(1)', 'data:image/png,x', '//a.example/x', 'x', 1, null, ''];
    const odd = ['https://user:password@a.example/x', `https://a.example/${'x'.repeat(2048)}`, 'https://'];
    for (const picture of [...others, ...odd]) expect(await pictureFor(picture)).toBeNull();
  });

  it('has the scopes that were granted, each once', async () => {
    const granted = async (scope: unknown) => (await provider().signIn({ token: { scope } })).scopes;
    expect(await granted('openid email openid')).toEqual(['openid', 'email']);
    expect(await granted('')).toEqual([]);
    expect(await granted(undefined)).toEqual(demo.scopes);
    expect(await granted('openid "quoted" a\u0000b')).toEqual(['openid']);
    expect(await granted(Array.from({ length: 500 }, (_, index) => `s${index}`).join(' '))).toHaveLength(100);
  });
});
