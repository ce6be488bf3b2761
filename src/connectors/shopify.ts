import { asClaims } from './claims.ts';
import type { Claims, Connector } from './types.ts';

const DAY = 86_400;

/** https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant */
export const shopify: Connector = {
  name: 'shopify',
  title: 'Shopify',
  issuer: 'https://shopify.com',
  endpoints: {
    authorization: 'https://{shop}/admin/oauth/authorize',
    token: 'https://{shop}/admin/oauth/access_token',
  },
  announcesIssuer: false,
  isForDevelopment: false,
  clientAuthentication: 'client_secret_post',
  tokenEncoding: 'json',
  scopes: [],
  scopeSeparator: ',',
  grantedScopeSeparator: ',',
  responseMode: 'query',
  // Shopify knows none: it signs the callback instead.
  refusesPkce: true,
  loginHintParam: null,
  prompts: [],
  identity: {
    kind: 'api',
    headers: {},
    tokenHeader: 'x-shopify-access-token',
    urls: { shop: 'https://{shop}/admin/api/2026-07/graphql.json' },
    bodies: { shop: { query: '{ shop { id name email myshopifyDomain } }' } },
    read: (answers) => ({
      subject: idOf(shopOf(answers)),
      email: shopOf(answers).email,
      isEmailVerified: false,
      name: shopOf(answers).name,
      avatarUrl: null,
    }),
  },
  answer: { defaultTokenType: 'Bearer' },
  grant: {
    scopes: [],
    parameters: {
      // A name that nobody checked would be a host that gets our client secret.
      shop: { pattern: /^[a-z0-9][a-z0-9-]{0,59}\.myshopify\.com$/, example: 'your-store.myshopify.com' },
    },
    callbackSignature: { parameter: 'hmac', repeats: ['shop'] },
    // Else the token would never expire, which public apps may not have from 2027 on.
    // https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/offline-access-tokens
    tokenParams: { expiring: '1' },
    // Shopify leaves out what another scope includes: to write is to read.
    impliedScopes: (granted) => (granted.startsWith('write_') ? [granted.replace('write_', 'read_')] : []),
    // https://shopify.dev/changelog/more-resilient-refreshes-for-expiring-offline-access-tokens (August 2026)
    refresh: { rotates: true, reuse: 'tolerated', idleSeconds: 90 * DAY },
    expiry: { fallbackSeconds: null, refreshExpiresInPath: 'refresh_token_expires_in' },
    // https://shopify.dev/docs/apps/build/authentication-authorization/app-installation/uninstall-app-api-request
    revocation: {
      method: 'bearer',
      verb: 'DELETE',
      endpoint: 'https://{shop}/admin/api_permissions/current.json',
      tokenHeader: 'x-shopify-access-token',
      token: 'access_token',
      reach: 'grant',
      gone: [401],
    },
    metadata: (answers, { shop }) => ({
      shop_domain: shopOf(answers).myshopifyDomain ?? shop,
      shop_id: idOf(shopOf(answers)),
    }),
  },
};

function shopOf({ shop }: Claims): Claims {
  return asClaims(asClaims(asClaims(shop).data).shop);
}

/** The number in `gid://shopify/Shop/12345`: what webhooks and REST call the shop. */
function idOf({ id }: Claims): string | null {
  return /^gid:\/\/shopify\/Shop\/(\d{1,30})$/.exec(String(id))?.[1] ?? null;
}
