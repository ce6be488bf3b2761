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
};

function primaryOf(emails: unknown): Claims {
  if (!Array.isArray(emails)) return {};
  return emails.map(asClaims).find(({ primary }) => primary === true) ?? {};
}

function asClaims(value: unknown): Claims {
  return typeof value === 'object' && value !== null ? (value as Claims) : {};
}
