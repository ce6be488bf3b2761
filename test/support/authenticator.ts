/**
 * An authenticator and its browser in software, after WebAuthn Level 3. Only Web Crypto: it runs in workerd and Node.
 * What it does wrong it is told to do wrong, one thing at a time.
 */
import { fromHex, toBase64Url } from '../../src/lib/secrets.ts';
import { type Cbor, encodeCbor } from './authenticator/cbor.ts';
import {
  authenticatorData,
  clientDataJson,
  type Overrides,
  signatureOf,
  withCredential,
} from './authenticator/data.ts';
import { type Algorithm, coseNumber, createSigningKey, type SigningKey } from './authenticator/keys.ts';
import {
  type AssertionJson,
  CreationOptions,
  credentialJson,
  type RegistrationJson,
  RequestOptions,
} from './authenticator/wire.ts';

export type { Algorithm, AssertionJson, Overrides, RegistrationJson };

export interface AuthenticatorOptions {
  /** ES256 if not said. */
  readonly algorithm?: Algorithm;
  /** Where the browser is; `http://localhost:8787`, the tests' PUBLIC_URL, if not said. */
  readonly origin?: string;
  /** Its model, as a uuid; zeros if not said. */
  readonly aaguid?: string;
  /** Counts up from here, as a key of one device does. Without it its passkeys are synced and always say 0. */
  readonly counter?: number;
}

/** A passkey as the authenticator keeps it; ids in base64url. */
export interface SoftwarePasskey {
  readonly id: string;
  readonly rpId: string;
  readonly userHandle: string;
  readonly key: SigningKey;
  counter: number;
}

export interface Authenticator {
  /** Its passkeys, the oldest first. */
  readonly passkeys: readonly SoftwarePasskey[];
  /**
   * Makes a passkey, as `navigator.credentials.create` would.
   * @throws InvalidStateError when it has an excluded one; NotSupportedError when its algorithm was not asked for
   */
  register(options: object, overrides?: Overrides): Promise<RegistrationJson>;
  /** Signs with a passkey, as `navigator.credentials.get` would. @throws NotAllowedError when it has none that fits */
  assert(options: object, overrides?: Overrides): Promise<AssertionJson>;
}

/** An authenticator without passkeys, plugged into a browser that stands on one origin. */
export async function createAuthenticator(options: AuthenticatorOptions = {}): Promise<Authenticator> {
  const { algorithm = 'ES256', origin = 'http://localhost:8787', counter } = options;
  const aaguid = fromHex((options.aaguid ?? '00000000-0000-0000-0000-000000000000').replaceAll('-', ''));
  const synced = counter === undefined;
  const passkeys: SoftwarePasskey[] = [];

  const register = async (given: object, overrides: Overrides = {}): Promise<RegistrationJson> => {
    const { rp, user, challenge, pubKeyCredParams, excludeCredentials } = CreationOptions.parse(given);
    if (!pubKeyCredParams.some(({ alg }) => alg === coseNumber[algorithm])) throw refusal('NotSupportedError');
    if (newestOf(passkeys, rp.id, excludeCredentials)) throw refusal('InvalidStateError');
    const key = await createSigningKey(algorithm);
    const id = crypto.getRandomValues(new Uint8Array(32));
    const passkey = { id: toBase64Url(id), rpId: rp.id, userHandle: user.id, key, counter: counter ?? 0 };
    passkeys.push(passkey);
    const { publicKey } = key;
    const data = withCredential(await authenticatorData({ ...passkey, synced }, overrides), { aaguid, id, publicKey });
    const clientData = clientDataJson({ type: 'webauthn.create', challenge, origin }, overrides);
    const statement = new Map<string, Cbor>();
    if (overrides.attestation === 'packed') {
      statement.set('alg', coseNumber[algorithm]);
      statement.set('sig', await signatureOf(key, { data, clientData }, overrides));
    }
    const fmt = overrides.attestation ?? 'none';
    const attestation = encodeCbor(new Map<string, Cbor>(Object.entries({ fmt, attStmt: statement, authData: data })));
    return {
      ...credentialJson(passkey.id),
      response: {
        clientDataJSON: toBase64Url(clientData),
        attestationObject: toBase64Url(attestation),
        authenticatorData: toBase64Url(data),
        transports: overrides.transports ?? ['hybrid', 'internal'],
        publicKeyAlgorithm: coseNumber[algorithm],
      },
    };
  };

  const assert = async (given: object, overrides: Overrides = {}): Promise<AssertionJson> => {
    const { rpId, challenge, allowCredentials } = RequestOptions.parse(given);
    const allowed = overrides.credentialId === undefined ? allowCredentials : [{ id: overrides.credentialId }];
    const passkey = newestOf(passkeys, rpId, allowed.length > 0 ? allowed : passkeys);
    if (!passkey) throw refusal('NotAllowedError');
    if (!synced) passkey.counter += 1;
    const data = await authenticatorData({ ...passkey, synced }, overrides);
    const clientData = clientDataJson({ type: 'webauthn.get', challenge, origin }, overrides);
    const userHandle = overrides.userHandle === undefined ? passkey.userHandle : overrides.userHandle;
    return {
      ...credentialJson(passkey.id),
      response: {
        clientDataJSON: toBase64Url(clientData),
        authenticatorData: toBase64Url(data),
        signature: toBase64Url(await signatureOf(passkey.key, { data, clientData }, overrides)),
        ...(userHandle === null ? {} : { userHandle }),
      },
    };
  };

  return { passkeys, register, assert };
}

/** The newest passkey of the site among the wanted ones. */
function newestOf(
  passkeys: readonly SoftwarePasskey[],
  rpId: string,
  wanted: readonly { readonly id: string }[],
): SoftwarePasskey | undefined {
  return passkeys.findLast((passkey) => passkey.rpId === rpId && wanted.some(({ id }) => id === passkey.id));
}

function refusal(name: 'InvalidStateError' | 'NotSupportedError' | 'NotAllowedError'): DOMException {
  return new DOMException('The authenticator does not do that.', name);
}
