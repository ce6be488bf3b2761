import { randomBytes } from 'node:crypto';
import {
  newSigningKey,
  type OidcProvider,
  type OidcProviderOptions,
  startOidcProvider,
} from '../../../scripts/support/oidc-provider.ts';
import { type FaultProxy, startFaultProxy } from '../fault-proxy/start.ts';
import { controlsOf } from './controls.ts';
import { tamperingWith } from './tampering.ts';

/** A provider behind a fault proxy: the proxy's address is the issuer. */
export interface TestProvider extends OidcProvider {
  readonly faults: FaultProxy;
}

/**
 * A provider for tests: it believes login hints, so each test has its own people, lies on demand, and is reached through
 * a proxy that can spoil its answers.
 */
export async function startTestProvider(
  publicUrl: string,
  options: Pick<OidcProviderOptions, 'accessTokenSeconds' | 'rotation' | 'tokenDelayMs'> = {},
): Promise<TestProvider> {
  const signingKey = newSigningKey();
  const clientSecret = randomBytes(32).toString('base64url');
  const tamper = tamperingWith({ signingKey, clientSecret });
  const { target, ...faults } = await startFaultProxy(async (issuer) => {
    const provider = await startOidcProvider({
      ...options,
      issuer,
      redirectUris: [`${publicUrl}/oauth/callback/demo`],
      clientSecret,
      signingKey,
      autoLogin: true,
      extend: (server, grants) => {
        controlsOf(server, grants);
        tamper(server);
      },
    });
    return { ...provider, subjectOf: provider.grants.subjectOf };
  });
  const close = async () => {
    await faults.close();
    await target.close();
  };
  return { ...target, faults, close };
}
