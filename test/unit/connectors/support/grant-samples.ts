import type { Claims, Connector } from '../../../../src/connectors/types.ts';
import { person, TENANT } from './samples.ts';

export interface DocumentedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** What a provider's documentation shows of grants, and what the vault is to make of it. */
export interface GrantSample {
  readonly parameters?: Readonly<Record<string, string>>;
  /** What somebody asks for beyond the connector's own. */
  readonly asked: readonly string[];
  /** To the code. The tokens are `access-1` and `refresh-1`. An ID token comes by itself. */
  readonly granted: DocumentedAnswer;
  /** To `refresh-1`: `access-2`, and `refresh-2` where it rotates. */
  readonly refreshed: DocumentedAnswer;
  /** To a refresh token that is dead. */
  readonly refusedToken: DocumentedAnswer;
  /** To a client with a wrong secret. */
  readonly refusedClient: DocumentedAnswer;
  /** To a revocation; absent where the provider has none. */
  readonly revoked?: DocumentedAnswer;
  /** To the revocation of a token that is dead. */
  readonly revokedAgain?: DocumentedAnswer;
  readonly gives: {
    readonly accountId: string;
    readonly metadata: Claims;
    readonly scopes: readonly string[];
    /** Of access and refresh token, in seconds. */
    readonly lifetimes: readonly [number | null, number | null];
    /** The same after a refresh. */
    readonly refreshedLifetimes: readonly [number | null, number | null];
  };
}

const DAY = 86_400;
const GRAPH = 'https://graph.microsoft.com/';
const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };

const invalidGrant = { status: 400, body: { error: 'invalid_grant', error_description: 'Token has been revoked.' } };
const invalidClient = { status: 401, body: { error: 'invalid_client', error_description: 'Unauthorized' } };
const SHOP = 'mystore.myshopify.com';

const slackInstallation = {
  ok: true,
  token_type: 'bot',
  scope: 'team:read,chat:write',
  bot_user_id: 'U0KRQLJ9H',
  app_id: 'A0KRD7HC3',
  team: { name: 'Slack Softball Team', id: 'T9TK3CUKW' },
  enterprise: null,
  is_enterprise_install: false,
};

export const grantSamples: Partial<Record<Connector['name'], GrantSample>> = {
  google: {
    asked: ['https://www.googleapis.com/auth/calendar.readonly'],
    granted: {
      body: {
        access_token: 'access-1',
        expires_in: 3599,
        refresh_token: 'refresh-1',
        refresh_token_expires_in: 604_799,
        scope: `openid https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/userinfo.profile https://www.googleapis.com/auth/calendar.readonly`,
        token_type: 'Bearer',
      },
    },
    refreshed: {
      body: {
        access_token: 'access-2',
        expires_in: 3599,
        scope: 'https://www.googleapis.com/auth/calendar.readonly',
        token_type: 'Bearer',
      },
    },
    refusedToken: invalidGrant,
    refusedClient: invalidClient,
    revoked: { body: {} },
    revokedAgain: { status: 400, body: { error: 'invalid_token', error_description: 'Token expired or revoked' } },
    gives: {
      accountId: person.sub,
      metadata: { account_id: person.sub, email: person.email, hosted_domain: 'example.com' },
      scopes: [
        'openid',
        'https://www.googleapis.com/auth/userinfo.email',
        'https://www.googleapis.com/auth/userinfo.profile',
        'https://www.googleapis.com/auth/calendar.readonly',
        'email',
        'profile',
      ],
      lifetimes: [3599, 604_799],
      refreshedLifetimes: [3599, null],
    },
  },
  microsoft: {
    asked: ['Mail.Read'],
    granted: {
      body: {
        token_type: 'Bearer',
        scope: `openid profile email ${GRAPH}Mail.Read`,
        expires_in: 3736,
        ext_expires_in: 3736,
        access_token: 'access-1',
        refresh_token: 'refresh-1',
      },
    },
    refreshed: {
      body: {
        token_type: 'Bearer',
        scope: `openid profile email ${GRAPH}Mail.Read`,
        expires_in: 4210,
        access_token: 'access-2',
        refresh_token: 'refresh-2',
      },
    },
    refusedToken: {
      status: 400,
      body: {
        error: 'invalid_grant',
        error_description: 'AADSTS70008: The provided authorization code or refresh token has expired.',
        error_codes: [70008],
        suberror: 'bad_token',
      },
    },
    refusedClient: {
      status: 401,
      body: { error: 'invalid_client', error_description: 'AADSTS7000215: Invalid client secret provided.' },
    },
    gives: {
      accountId: person.sub,
      metadata: {
        account_id: person.sub,
        object_id: '00000000-0000-0000-66f3-3332eca7ea81',
        tenant_id: TENANT,
        email: person.email,
      },
      scopes: ['openid', 'profile', 'email', `${GRAPH}Mail.Read`, 'Mail.Read', 'offline_access'],
      lifetimes: [3736, null],
      refreshedLifetimes: [4210, null],
    },
  },
  // A GitHub App: an OAuth app's answer has no refresh token (quirks.test.ts). Without being asked for JSON, it is a form.
  github: {
    asked: ['repo'],
    granted: {
      headers: FORM,
      body: `access_token=access-1&expires_in=28800&refresh_token=refresh-1&refresh_token_expires_in=15897600&scope=${encodeURIComponent('repo,user')}&token_type=bearer`,
    },
    refreshed: {
      body: {
        access_token: 'access-2',
        expires_in: 28_800,
        refresh_token: 'refresh-2',
        refresh_token_expires_in: 15_811_200,
        scope: '',
        token_type: 'bearer',
      },
    },
    refusedToken: {
      body: { error: 'bad_refresh_token', error_description: 'The refresh token passed is incorrect or expired.' },
    },
    refusedClient: {
      body: { error: 'incorrect_client_credentials', error_description: 'The client_id and/or client_secret.' },
    },
    revoked: { status: 204 },
    revokedAgain: { status: 404, body: { message: 'Not Found', documentation_url: 'https://docs.github.com/rest' } },
    gives: {
      accountId: '583231',
      metadata: { account_id: '583231', login: 'ada' },
      scopes: [
        'repo',
        'user',
        'repo:status',
        'repo_deployment',
        'public_repo',
        'repo:invite',
        'security_events',
        'read:user',
        'user:email',
        'user:follow',
      ],
      lifetimes: [28_800, 15_897_600],
      refreshedLifetimes: [28_800, 15_811_200],
    },
  },
  slack: {
    asked: ['chat:write'],
    granted: {
      body: {
        ...slackInstallation,
        access_token: 'access-1',
        refresh_token: 'refresh-1',
        expires_in: 43_200,
        authed_user: { id: 'U1234', scope: 'chat:write', access_token: 'xoxp-of-a-person', token_type: 'user' },
      },
    },
    refreshed: {
      body: { ...slackInstallation, access_token: 'access-2', refresh_token: 'refresh-2', expires_in: 43_200 },
    },
    refusedToken: { body: { ok: false, error: 'invalid_refresh_token' } },
    refusedClient: { body: { ok: false, error: 'bad_client_secret' } },
    revoked: { body: { ok: true, revoked: true } },
    revokedAgain: { body: { ok: false, error: 'token_revoked' } },
    gives: {
      accountId: 'T9TK3CUKW',
      metadata: {
        team_id: 'T9TK3CUKW',
        team_name: 'Slack Softball Team',
        bot_user_id: 'U0KRQLJ9H',
        app_id: 'A0KRD7HC3',
        installed_by: 'U1234',
      },
      scopes: ['team:read', 'chat:write'],
      lifetimes: [43_200, null],
      refreshedLifetimes: [43_200, null],
    },
  },
  linkedin: {
    asked: ['w_member_social'],
    granted: {
      body: {
        access_token: 'access-1',
        expires_in: 5_183_999,
        refresh_token: 'refresh-1',
        refresh_token_expires_in: 31_536_059,
        scope: 'email,openid,profile,w_member_social',
        token_type: 'Bearer',
        id_token: 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJub2JvZHkifQ.without-a-nonce',
      },
    },
    refreshed: {
      body: {
        access_token: 'access-2',
        expires_in: 5_184_000,
        refresh_token: 'refresh-1',
        refresh_token_expires_in: 306 * DAY,
      },
    },
    refusedToken: invalidGrant,
    refusedClient: {
      status: 401,
      body: { error: 'invalid_client', error_description: 'Client authentication failed' },
    },
    gives: {
      accountId: person.sub,
      metadata: { member_id: person.sub },
      scopes: ['email', 'openid', 'profile', 'w_member_social'],
      lifetimes: [5_183_999, 31_536_059],
      refreshedLifetimes: [5_184_000, 306 * DAY],
    },
  },
  shopify: {
    parameters: { shop: SHOP },
    asked: ['write_orders'],
    granted: {
      body: {
        access_token: 'access-1',
        scope: 'write_orders',
        expires_in: 3600,
        refresh_token: 'refresh-1',
        refresh_token_expires_in: 90 * DAY,
      },
    },
    refreshed: {
      body: {
        access_token: 'access-2',
        scope: 'write_orders',
        expires_in: 3600,
        refresh_token: 'refresh-2',
        refresh_token_expires_in: 90 * DAY,
      },
    },
    refusedToken: invalidGrant,
    refusedClient: {
      status: 401,
      body: { error: 'invalid_client', error_description: 'Client authentication failed' },
    },
    revoked: { body: {} },
    revokedAgain: { status: 401, body: { errors: '[API] Invalid API key or access token (unrecognized login)' } },
    gives: {
      accountId: '12345',
      metadata: { shop_domain: SHOP, shop_id: '12345' },
      scopes: ['write_orders', 'read_orders'],
      lifetimes: [3600, 90 * DAY],
      refreshedLifetimes: [3600, 90 * DAY],
    },
  },
};

/** A connector that is not listed is taken for an OpenID provider that answers as the standards say. */
const standard: GrantSample = {
  asked: ['calendar'],
  granted: {
    body: {
      access_token: 'access-1',
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: 'refresh-1',
      scope: 'openid email profile offline_access calendar',
    },
  },
  refreshed: {
    body: {
      access_token: 'access-2',
      token_type: 'Bearer',
      expires_in: 3600,
      refresh_token: 'refresh-2',
      scope: 'openid email profile offline_access calendar',
    },
  },
  refusedToken: invalidGrant,
  refusedClient: invalidClient,
  revoked: { body: '' },
  // RFC 7009 §2.2: a token that is dead already is revoked.
  revokedAgain: { body: '' },
  gives: {
    accountId: person.sub,
    metadata: { account_id: person.sub, email: person.email },
    scopes: ['openid', 'email', 'profile', 'offline_access', 'calendar'],
    lifetimes: [3600, null],
    refreshedLifetimes: [3600, null],
  },
};

export function grantSampleOf({ name }: Connector): GrantSample {
  return grantSamples[name] ?? standard;
}
