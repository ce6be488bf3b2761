import * as oauth from 'oauth4webapi';
import { AppError } from '../errors.ts';
import type { Answer } from './identity.ts';
import { issuerForTenant } from './issuer.ts';
import { peekAtJwt } from './jwt.ts';
import { keySetOf } from './key-sets.ts';
import { deriveSecrets } from './pkce.ts';
import { libraryOptions } from './server.ts';
import { objectOf } from './token-answer.ts';
import type { Exchange, Redemption } from './token.ts';
import type { Callback, IdTokenSource } from './types.ts';

/**
 * Reads the identity from the ID token in the token endpoint's answer, once it holds (OpenID Connect Core §3.1.3.7):
 * issuer, audience, expiry, nonce, authorised party, algorithm, and the signature by the provider's key set. Core lets
 * a client trust TLS for the last; we do not, so a proxy in between, or a mistake in an endpoint, signs nobody in.
 */
export async function readIdToken(
  exchange: Exchange,
  source: IdTokenSource,
  { response, callback, redemption }: { response: Response; callback: Callback; redemption: Redemption },
): Promise<Answer> {
  const own = { client_id: exchange.client.clientId };
  const { nonce } = await deriveSecrets(redemption.browserSecret, redemption.state);
  const idToken = (await objectOf(response))?.id_token;
  const { header, claims: unchecked } = peekAtJwt(idToken);
  // The issuer is pinned by our rule, never taken from the token (CVE-2026-31813): the token only names its tenant,
  // and the library then holds its `iss` to the whole. Without an ID token there is none to name; it then refuses.
  const pinned = exchange.server.issuer;
  const issuer = typeof idToken === 'string' ? issuerForTenant(pinned, unchecked.tid) : pinned;
  const server = { ...exchange.server, issuer };
  // A nonce to expect makes the library ask for an ID token as well.
  const token = await oauth.processAuthorizationCodeResponse(server, own, response, { expectedNonce: nonce });
  const claims = { ...oauth.getValidatedIdTokenClaims(token) };
  if (claims.azp !== undefined && claims.azp !== own.client_id) {
    throw new AppError('provider.answer_invalid', { cause: 'azp' });
  }
  // Each was held to the rule; where the rule leaves a tenant open, both must name the same one.
  if (callback.issuer !== null && callback.issuer !== issuer) throw new AppError('provider.issuer_mismatch');
  await checkSignature(exchange, server, response).then((keySet) => keySet.checkKeyIssuer(header.kid, claims));
  return { issuer, claimed: source.read(claims, callback), claims, token };
}

async function checkSignature({ connector, fetch }: Exchange, server: oauth.AuthorizationServer, response: Response) {
  const keySet = keySetOf(server);
  const options = { ...libraryOptions(connector, fetch), [oauth.jwksCache]: keySet.cache };
  await oauth.validateApplicationLevelSignature(server, response, options).finally(keySet.keep);
  return keySet;
}
