/** What goes into an authenticator's browser and what comes out of it, as JSON. */
import * as z from 'zod';

const descriptors = z.array(z.object({ id: z.string() })).default([]);

/** What is read of `PublicKeyCredentialCreationOptionsJSON`. */
export const CreationOptions = z.object({
  rp: z.object({ id: z.string() }),
  user: z.object({ id: z.string() }),
  challenge: z.string(),
  pubKeyCredParams: z.array(z.object({ alg: z.number() })),
  excludeCredentials: descriptors,
});

/** What is read of `PublicKeyCredentialRequestOptionsJSON`. */
export const RequestOptions = z.object({ rpId: z.string(), challenge: z.string(), allowCredentials: descriptors });

interface CredentialJson extends Record<string, unknown> {
  readonly id: string;
  readonly rawId: string;
  readonly type: 'public-key';
  readonly authenticatorAttachment: string;
  readonly clientExtensionResults: Record<string, unknown>;
}

/** What `toJSON()` of a new credential gives. */
export interface RegistrationJson extends CredentialJson {
  readonly response: {
    readonly clientDataJSON: string;
    readonly attestationObject: string;
    readonly authenticatorData: string;
    readonly transports: readonly string[];
    readonly publicKeyAlgorithm: number;
  };
}

/** What `toJSON()` of an assertion gives. */
export interface AssertionJson extends CredentialJson {
  readonly response: {
    readonly clientDataJSON: string;
    readonly authenticatorData: string;
    readonly signature: string;
    readonly userHandle?: string;
  };
}

/** The members that a registration and an assertion have alike. */
export function credentialJson(id: string): CredentialJson {
  return { id, rawId: id, type: 'public-key', authenticatorAttachment: 'platform', clientExtensionResults: {} };
}
