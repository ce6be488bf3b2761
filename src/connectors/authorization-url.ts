import { deriveSecrets } from './pkce.ts';
import { type FetchOptions, providerFetch } from './provider-fetch.ts';
import { refusing } from './refusals.ts';
import { serverOf } from './server.ts';
import type { Connector, ConnectorClient, Prompt } from './types.ts';

export interface AuthorizationRequest extends FetchOptions {
  /** Random, at least 128 bits, base64url; good for one request. */
  readonly state: string;
  /** The secret that only this browser has; the callback needs it again. */
  readonly browserSecret: string;
  /** As registered with the provider, to the letter. */
  readonly redirectUri: string;
  /** The account to suggest, such as an address. */
  readonly loginHint?: string;
  readonly prompt?: Prompt;
}

/**
 * The address that begins an authorisation code flow (RFC 6749 §4.1.1), with PKCE S256 unless the provider refuses it
 * (RFC 9700 §2.1.1), and a nonce for OpenID.
 * @throws provider.unreachable, provider.answer_invalid for a connector that is discovered
 */
export async function authorizationUrl(
  connector: Connector,
  client: ConnectorClient,
  request: AuthorizationRequest,
): Promise<string> {
  const server = await refusing(() => serverOf(connector, client, providerFetch(connector, request)));
  const { codeChallenge, nonce } = await deriveSecrets(request.browserSecret, request.state);
  const { loginHint, prompt } = request;
  const scope = connector.scopes.join(connector.scopeSeparator ?? ' ');
  const params = new URLSearchParams({
    ...connector.authorizationParams,
    response_type: 'code',
    client_id: client.clientId,
    redirect_uri: request.redirectUri,
    ...(scope === '' ? {} : { scope }),
    state: request.state,
    ...(connector.refusesPkce ? {} : { code_challenge: codeChallenge, code_challenge_method: 'S256' }),
  });
  if (connector.identity.kind === 'id_token') params.set('nonce', nonce);
  if (connector.responseMode !== 'query') params.set('response_mode', connector.responseMode);
  if (loginHint && connector.loginHintParam) params.set(connector.loginHintParam, loginHint);
  if (prompt && connector.prompts.includes(prompt)) params.set('prompt', withPrompt(params.get('prompt'), prompt));
  const url = new URL(server.authorization_endpoint);
  // A space as %20: a plus is one in forms alone, and Apple asks for %20.
  url.search = params.toString().replaceAll('+', '%20');
  return url.href;
}

/** `prompt` may ask for two things at once (OpenID Connect Core §3.1.2.1): consent, and which account. */
function withPrompt(asked: string | null, prompt: Prompt): string {
  return asked === null || asked === prompt ? prompt : `${asked} ${prompt}`;
}
