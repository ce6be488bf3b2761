import { randomBytes } from 'node:crypto';
import { newSigningKey, type OidcProvider, startOidcProvider } from '../../../scripts/support/oidc-provider.ts';
import { tamperingWith } from './tampering.ts';

/** The provider of a test run: it believes login hints, so each test has its own people, and lies on demand. */
export function startTestProvider(publicUrl: string): Promise<OidcProvider> {
  const signingKey = newSigningKey();
  const clientSecret = randomBytes(32).toString('base64url');
  return startOidcProvider({
    redirectUris: [`${publicUrl}/oauth/callback/demo`],
    clientSecret,
    signingKey,
    autoLogin: true,
    extend: tamperingWith({ signingKey, clientSecret }),
  });
}
