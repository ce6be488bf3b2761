/** The settings that say who we are in WebAuthn. */
export interface RelyingPartySettings {
  readonly rpId: string;
  readonly webauthnOrigins: readonly string[];
  readonly productName: string;
}

/** This deployment as a WebAuthn relying party. */
export interface RelyingParty {
  /** The domain that passkeys belong to. */
  readonly id: string;
  readonly name: string;
  /** The pages on which its passkeys may be used, compared exactly. */
  readonly origins: readonly string[];
}

/** The relying party that the settings describe. */
export function relyingParty(settings: RelyingPartySettings): RelyingParty {
  return { id: settings.rpId, name: settings.productName, origins: settings.webauthnOrigins };
}
