import { asClaims } from './claims.ts';
import type { Claims, Connector } from './types.ts';

/** The bot of an app in a workspace. https://docs.slack.dev/authentication/installing-with-oauth */
export const slack: Connector = {
  name: 'slack',
  title: 'Slack',
  issuer: 'https://slack.com',
  endpoints: {
    authorization: 'https://slack.com/oauth/v2/authorize',
    token: 'https://slack.com/api/oauth.v2.access',
  },
  announcesIssuer: false,
  isForDevelopment: false,
  // Slack would rather have Basic. The standard writes the dot of its client ids as %2E there, which Slack does not say
  // that it reads; parameters it documents as well. https://docs.slack.dev/reference/methods/oauth.v2.access
  clientAuthentication: 'client_secret_post',
  scopes: [],
  scopeSeparator: ',',
  grantedScopeSeparator: ',',
  responseMode: 'query',
  // https://docs.slack.dev/authentication/using-pkce: only after a switch that makes the app a public client, for good.
  refusesPkce: true,
  loginHintParam: null,
  prompts: [],
  // A workspace has one bot of an app, whoever installed it: the workspace is the account.
  identity: {
    kind: 'token_answer',
    read: (answer) => ({
      subject: workspaceOf(answer).id,
      email: null,
      isEmailVerified: false,
      name: workspaceOf(answer).name,
      avatarUrl: null,
    }),
  },
  answer: {
    okPath: 'ok',
    bearerWords: ['bot', 'user'],
    // https://docs.slack.dev/reference/methods/oauth.v2.access#errors; what may pass needs no mention.
    errors: {
      invalid_refresh_token: 'permanent',
      token_expired: 'permanent',
      token_revoked: 'permanent',
      account_inactive: 'permanent',
      invalid_client_id: 'configuration',
      bad_client_secret: 'configuration',
      invalid_grant_type: 'configuration',
    },
  },
  grant: {
    // `scope` is for the bot, `user_scope` would be for the person. A bot must ask for one at least.
    scopes: ['team:read'],
    // https://docs.slack.dev/authentication/using-token-rotation: opt-in per app; twelve hours; each refresh token works
    // once.
    refresh: { rotates: true, reuse: 'revokes', idleSeconds: null },
    expiry: { fallbackSeconds: null },
    // https://docs.slack.dev/reference/methods/auth.revoke ends the bot's token, for whoever else holds it.
    revocation: {
      method: 'bearer',
      endpoint: 'https://slack.com/api/auth.revoke',
      token: 'access_token',
      reach: 'grant',
      gone: ['invalid_auth', 'token_revoked', 'account_inactive'],
    },
    metadata: (answer) => ({
      team_id: asClaims(answer.team).id,
      team_name: asClaims(answer.team).name,
      enterprise_id: asClaims(answer.enterprise).id,
      bot_user_id: answer.bot_user_id,
      app_id: answer.app_id,
      installed_by: asClaims(answer.authed_user).id,
    }),
  },
};

/** Installed for a whole organisation, an app has no workspace of its own. */
function workspaceOf({ team, enterprise, is_enterprise_install: isForAll }: Claims): Claims {
  return asClaims(isForAll === true ? enterprise : team);
}
