/** What browsers send: the JSON of `PublicKeyCredential.toJSON()` (WebAuthn §5.1), within bounds; the rest is dropped. */
import * as z from 'zod';
import { AppError } from '../../../errors.ts';
import { fromBase64 } from '../../../lib/keys.ts';

/** A base64url text with its bytes: the library takes the text, our own checks the bytes. */
export interface Encoded {
  readonly text: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const CREDENTIAL_ID_BYTES = 1023;
const USER_HANDLE_BYTES = 64;
const CLIENT_DATA_BYTES = 8 * 1024;
const AUTHENTICATOR_BYTES = 64 * 1024;
/** RSA of 4096 bits, the longest we take, has 512. */
const SIGNATURE_BYTES = 1024;

/** Unpadded base64url of 1 to `max` bytes, in its one canonical spelling. */
function encoded(max: number) {
  return z
    .string()
    .max(Math.ceil((max * 4) / 3))
    .transform((text, context): Encoded => {
      const bytes = /^[A-Za-z0-9_-]+$/.test(text) ? fromBase64(text) : null;
      if (bytes) return { text, bytes };
      context.addIssue({ code: 'custom', message: `must be base64url of 1 to ${max} bytes` });
      return z.NEVER;
    });
}

const id = encoded(CREDENTIAL_ID_BYTES);
const type = z.literal('public-key');
const clientDataJSON = encoded(CLIENT_DATA_BYTES);
const fromAuthenticator = encoded(AUTHENTICATOR_BYTES);
const hasOneId = (given: { readonly id: Encoded; readonly rawId: Encoded }) => given.id.text === given.rawId.text;

/** Of either ceremony: what is read before we know anything. */
const AnyResponse = z.object({ response: z.object({ clientDataJSON }) });

const Registration = z
  .object({
    id,
    rawId: id,
    type,
    response: z.object({
      clientDataJSON,
      attestationObject: fromAuthenticator,
      transports: z.array(z.string()).max(32).nullish(),
    }),
  })
  .refine(hasOneId);

const Assertion = z
  .object({
    id,
    rawId: id,
    type,
    response: z.object({
      clientDataJSON,
      authenticatorData: fromAuthenticator,
      signature: encoded(SIGNATURE_BYTES),
      // Absent where the authenticator keeps none; some browsers then write null or an empty text.
      userHandle: z.union([encoded(USER_HANDLE_BYTES), z.literal('')]).nullish(),
    }),
  })
  .refine(hasOneId);

/** The client data of a response to either ceremony. @throws passkey.malformed */
export function readClientDataOf(response: unknown): Encoded {
  return read(AnyResponse, response).response.clientDataJSON;
}

/** A response to registration. @throws passkey.malformed */
export function readRegistration(response: unknown): z.infer<typeof Registration> {
  return read(Registration, response);
}

/** A response to sign-in or step-up. @throws passkey.malformed */
export function readAssertion(response: unknown): z.infer<typeof Assertion> {
  return read(Assertion, response);
}

function read<T extends z.ZodType>(schema: T, response: unknown): z.infer<T> {
  const result = schema.safeParse(response);
  if (!result.success) throw new AppError('passkey.malformed', { cause: result.error });
  return result.data;
}
