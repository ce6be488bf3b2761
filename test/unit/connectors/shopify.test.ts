import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkParameters, connectAuthorizationUrl, refreshTokens, revokeGrant } from '../../../src/connectors/flow.ts';
import { google } from '../../../src/connectors/google.ts';
import { shopify } from '../../../src/connectors/shopify.ts';
import { AppError } from '../../../src/errors.ts';
import { BROWSER_SECRET, type Provider, REDIRECT_URI, startProvider, STATE } from './support/provider.ts';

const shop = 'mystore.myshopify.com';
let provider: Provider;
beforeAll(async () => void (provider = await startProvider(shopify)));
afterAll(() => provider.close());

const BAD_SHOPS = [
  '',
  'mystore',
  'myshopify.com',
  '.myshopify.com',
  'MyStore.myshopify.com',
  'my_store.myshopify.com',
  'my.store.myshopify.com',
  '-store.myshopify.com',
  'mystore.myshopify.com.evil.example',
  'evil.example/mystore.myshopify.com',
  'evil.example#.myshopify.com',
  'mystore.myshopify.com\n',
  ' mystore.myshopify.com',
  'mystore.myshopify.com:8443',
  'user@mystore.myshopify.com',
  'xn--e1afmkfd.myshopify.com.',
  `${'a'.repeat(61)}.myshopify.com`,
];

describe('the shop of a grant', () => {
  it('is where its addresses point to', async () => {
    const { url } = await provider.connect();
    expect(url.origin + url.pathname).toBe(`https://${shop}/admin/oauth/authorize`);
    await provider.receive();
    expect(provider.requests.map(({ url: asked }) => asked)).toEqual([
      `https://${shop}/admin/oauth/access_token`,
      `https://${shop}/admin/api/2026-07/graphql.json`,
    ]);
  });

  it.each(BAD_SHOPS)('is no host of somebody else: %j', async (bad) => {
    const refused = { code: 'input.invalid' };
    const parameters = { shop: bad };
    const request = { state: STATE, browserSecret: BROWSER_SECRET, redirectUri: REDIRECT_URI, scopes: [], parameters };
    expect(() => checkParameters(shopify, parameters)).toThrow(AppError);
    await expect(connectAuthorizationUrl(shopify, provider.client, request)).rejects.toMatchObject(refused);
    let calls = 0;
    const fetch = async () => ((calls += 1), new Response());
    const token = { token: 'access-1', tokenType: 'access_token' as const };
    const params = new URLSearchParams();
    await expect(provider.receive({}, { parameters, params, fetch })).rejects.toMatchObject(refused);
    const refreshed = refreshTokens(shopify, provider.client, { refreshToken: 'refresh-1', parameters, fetch });
    await expect(refreshed).rejects.toMatchObject(refused);
    await expect(revokeGrant(shopify, provider.client, { ...token, parameters, fetch })).rejects.toMatchObject(refused);
    expect(calls).toBe(0);
  });

  it('is named in the message when it is missing, unknown or malformed, and its value is not', () => {
    const messageOf = (parameters: Record<string, string>, connector = shopify) => {
      try {
        checkParameters(connector, parameters);
      } catch (error) {
        return error instanceof AppError ? [error.code, error.message] : error;
      }
      return 'no error';
    };
    expect(messageOf({})).toEqual(['input.invalid', 'Shopify needs "shop".']);
    expect(messageOf({ shop: '<evil>' })).toEqual([
      'input.invalid',
      '"shop" must be as in "your-store.myshopify.com".',
    ]);
    expect(messageOf({ shop, region: 'eu' })).toEqual(['input.invalid', 'Shopify has no parameter "region".']);
    expect(messageOf({ shop, '<b>': '' })).toEqual(['input.invalid', 'Shopify has no parameter of that name.']);
    expect(messageOf({ shop }, google)).toEqual(['input.invalid', 'Google has no parameter "shop".']);
    expect(messageOf(Object.create({ shop }) as Record<string, string>)).toEqual([
      'input.invalid',
      'Shopify needs "shop".',
    ]);
    expect(checkParameters(shopify, { shop })).toEqual({ shop });
    expect(checkParameters(google, {})).toEqual({});
  });
});

describe('the callback of a grant', () => {
  const signed = <Params extends Readonly<Record<string, string>>>(params: Params, secret = 'secret-1') => {
    const message = Object.entries(params)
      .map(([name, value]) => `${name}=${value}`)
      .sort()
      .join('&');
    return { ...params, hmac: createHmac('sha256', secret).update(message).digest('hex') };
  };
  const good = { code: 'code-1', state: STATE, shop, timestamp: '1795262659', host: 'YWRtaW4' };
  const redeemed = async (params: Readonly<Record<string, string>>) => {
    await provider.connect();
    return provider.receive({}, { params: new URLSearchParams(params) });
  };
  const refused = async (params: Readonly<Record<string, string>>, cause: string) => {
    await expect(redeemed(params)).rejects.toMatchObject({ code: 'provider.answer_invalid', cause });
    expect(provider.requests).toEqual([]);
  };

  it('is the one that Shopify documents', async () => {
    // https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
    expect((await redeemed(signed(good))).accountId).toBe('12345');
    const { code, state, ...rest } = good;
    expect((await redeemed({ ...rest, ...signed(good), code, state })).accountId).toBe('12345');
  });

  it.each([
    ['no signature', () => good],
    ['an empty one', () => ({ ...good, hmac: '' })],
    ['one under another secret', () => signed(good, 'secret-2')],
    ['one of another code', () => ({ ...signed({ ...good, code: 'code-2' }), code: 'code-1' })],
    ['one of another time', () => ({ ...signed(good), timestamp: '1795262660' })],
    ['a parameter that was not signed', () => ({ ...signed(good), extra: '1' })],
    ['half of one', () => ({ ...signed(good), hmac: signed(good).hmac.slice(0, 32) })],
    ['one in capitals', () => ({ ...signed(good), hmac: signed(good).hmac.toUpperCase() })],
    ['one with more behind it', () => ({ ...signed(good), hmac: `${signed(good).hmac}00` })],
    ['one that is no hex', () => ({ ...signed(good), hmac: 'z'.repeat(64) })],
    // Read as one text, the shop of another would be a part of `host`.
    [
      'two parameters in one',
      () => {
        const { host, shop: own, ...rest } = signed(good);
        return { ...rest, host: `${host}&shop=${own}` };
      },
    ],
  ])('is refused with %s', (_, params) => refused(params(), 'hmac'));

  it('is refused when it is signed, and of another shop than the one it was begun for', async () => {
    await refused(signed({ ...good, shop: 'other.myshopify.com' }), 'shop');
    const { shop: _, ...without } = good;
    await refused(signed(without), 'shop');
  });

  it('may say no without a signature', () =>
    expect(redeemed({ error: 'access_denied', state: STATE })).rejects.toMatchObject({ code: 'provider.denied' }));
});

describe('the account of a grant', () => {
  const answered = (body: unknown) => provider.receive({ answers: { 'api.shop': { body } } });
  const withId = (id: unknown) => ({
    data: { shop: { id, name: 'A', email: 'a@example.com', myshopifyDomain: shop } },
  });

  it('is the shop by its number, which stays when its name changes', async () => {
    const { accountId, metadata, identity } = await answered(withId('gid://shopify/Shop/987'));
    expect({ accountId, metadata }).toEqual({ accountId: '987', metadata: { shop_domain: shop, shop_id: '987' } });
    expect(identity).toMatchObject({ issuer: 'https://shopify.com', email: 'a@example.com', isEmailVerified: false });
  });

  it.each([
    ['an error', { errors: '[API] Invalid API key or access token' }],
    ['no data', { data: null }],
    ['no shop', { data: { shop: null } }],
    ['no id', withId(undefined)],
    ['an empty id', withId('')],
    ['a number', withId(987)],
    ['something else', withId('gid://shopify/Customer/987')],
    ['more than an id', withId('gid://shopify/Shop/987?x')],
    ['a list', []],
    ['null', null],
  ])('is nobody when the API answers %s', (_, body) =>
    expect(answered(body)).rejects.toMatchObject({ code: 'provider.answer_invalid', cause: 'subject' }),
  );

  it('is asked for with the token in its own header', async () => {
    await provider.receive();
    const asked = provider.requests.find(({ url }) => url.endsWith('graphql.json'));
    expect(asked).toMatchObject({ method: 'POST', headers: { 'x-shopify-access-token': 'access-1' } });
    expect(asked?.headers.authorization).toBeUndefined();
    expect(asked?.body.get('query')).toContain('shop');
  });
});
