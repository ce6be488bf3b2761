import { asClaims } from './claims.ts';
import type { Claims, Connector } from './types.ts';

/** OAuth without OpenID. https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps */
export const github: Connector = {
  name: 'github',
  title: 'GitHub',
  // What GitHub calls itself in `iss`, which its answers carry since August 2026. It has not announced it, and took it
  // back once: so it is checked when it comes, and not asked for.
  issuer: 'https://github.com/login/oauth',
  endpoints: {
    authorization: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
  },
  announcesIssuer: false,
  isForDevelopment: false,
  clientAuthentication: 'client_secret_post',
  scopes: ['read:user', 'user:email'],
  grantedScopeSeparator: ',',
  responseMode: 'query',
  loginHintParam: 'login',
  prompts: ['select_account'],
  identity: {
    kind: 'api',
    headers: { accept: 'application/vnd.github+json', 'x-github-api-version': '2022-11-28' },
    urls: { user: 'https://api.github.com/user', emails: 'https://api.github.com/user/emails' },
    read: ({ user, emails }) => {
      const { id, name, login, avatar_url: avatarUrl } = asClaims(user);
      const primary = primaryOf(emails);
      return {
        // Only a positive number is somebody: read loosely, an error's JSON made everybody the same user
        // (GHSA-5hvv-9cqv-894r). The login can change hands, so it is no subject.
        subject: Number.isSafeInteger(id) && Number(id) > 0 ? String(id) : null,
        email: primary.email,
        isEmailVerified: primary.verified === true,
        name: name ?? login,
        avatarUrl,
      };
    },
  },
  answer: {
    // https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
    errors: {
      bad_refresh_token: 'permanent',
      incorrect_client_credentials: 'configuration',
    },
  },
  grant: {
    scopes: ['read:user', 'user:email'],
    impliedScopes,
    // A GitHub App's tokens expire; an OAuth app's do not, and it gets no refresh token.
    // https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
    refresh: { rotates: true, reuse: 'revokes', idleSeconds: null },
    expiry: { fallbackSeconds: null, refreshExpiresInPath: 'refresh_token_expires_in' },
    // https://docs.github.com/rest/apps/oauth-applications#delete-an-app-authorization
    revocation: {
      method: 'github',
      endpoint: 'https://api.github.com/applications/{client_id}/grant',
      token: 'access_token',
      reach: 'grant',
      gone: [404],
    },
    metadata: ({ user }) => ({ account_id: String(asClaims(user).id), login: asClaims(user).login }),
  },
};

function primaryOf(emails: unknown): Claims {
  if (!Array.isArray(emails)) return {};
  return emails.map(asClaims).find(({ primary }) => primary === true) ?? {};
}

/**
 * What a scope includes: GitHub leaves out of its answers what another one covers.
 * https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps
 */
const included: Readonly<Record<string, readonly string[]>> = {
  repo: ['repo:status', 'repo_deployment', 'public_repo', 'repo:invite', 'security_events'],
  user: ['read:user', 'user:email', 'user:follow'],
  project: ['read:project'],
  'admin:repo_hook': ['write:repo_hook', 'read:repo_hook'],
  'write:repo_hook': ['read:repo_hook'],
  'admin:org': ['write:org', 'read:org'],
  'write:org': ['read:org'],
  'admin:public_key': ['write:public_key', 'read:public_key'],
  'write:public_key': ['read:public_key'],
  'admin:gpg_key': ['write:gpg_key', 'read:gpg_key'],
  'write:gpg_key': ['read:gpg_key'],
  'write:packages': ['read:packages'],
};

function impliedScopes(granted: string): readonly string[] {
  return Object.hasOwn(included, granted) ? (included[granted] ?? []) : [];
}
