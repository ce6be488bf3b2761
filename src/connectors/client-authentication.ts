import * as oauth from 'oauth4webapi';
import { SettingError } from '../lib/keys.ts';
import { signJwt } from './jwt.ts';
import type { Connector, ConnectorClient } from './types.ts';

/** Apple takes up to six months. Made for each call, it need not outlive one. */
const LIFETIME_SECONDS = 300;

/** How the token endpoint of the connector knows us. @throws SettingError for a signing key that is none */
export async function clientAuthentication(connector: Connector, client: ConnectorClient): Promise<oauth.ClientAuth> {
  switch (connector.clientAuthentication) {
    case 'client_secret_basic':
      return oauth.ClientSecretBasic(client.clientSecret);
    case 'client_secret_post':
      return oauth.ClientSecretPost(client.clientSecret);
    case 'signed_client_secret':
      return oauth.ClientSecretPost(await signClientSecret(connector, client));
  }
}

/** https://developer.apple.com/documentation/accountorganizationaldatasharing/creating-a-client-secret */
async function signClientSecret(connector: Connector, { clientId, clientSecret }: ConnectorClient): Promise<string> {
  const [teamId = '', keyId = '', encodedKey = ''] = clientSecret.split(':');
  const key = await importKey(encodedKey);
  if (!key || !teamId || !keyId) {
    const setting = `${connector.name.toUpperCase()}_CLIENT_SECRET`;
    throw new SettingError(setting, 'must be "<team id>:<key id>:<base64 of the PKCS#8 key>", the key a P-256 one');
  }
  const now = Math.floor(Date.now() / 1000);
  const claims = { iss: teamId, sub: clientId, aud: connector.issuer, iat: now, exp: now + LIFETIME_SECONDS };
  return signJwt(key, { kid: keyId }, claims);
}

async function importKey(encoded: string): Promise<CryptoKey | null> {
  try {
    const bytes = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
    return await crypto.subtle.importKey('pkcs8', bytes, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  } catch {
    return null;
  }
}
