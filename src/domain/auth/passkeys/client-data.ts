/** The part of a response that the browser wrote: which ceremony, which challenge, which page (WebAuthn §5.8.1). */
import * as z from 'zod';
import { AppError } from '../../../errors.ts';
import { orMalformed } from './refusals.ts';

// Members we do not know are dropped: browsers add some on purpose, so that nobody compares the text (§5.8.1).
const ClientData = z.object({
  type: z.string(),
  challenge: z.string(),
  origin: z.string(),
  crossOrigin: z.boolean().optional(),
  topOrigin: z.string().optional(),
  // Gone from the specification since Level 3, but the library still refuses any other status.
  tokenBinding: z.object({ status: z.enum(['present', 'supported']) }).optional(),
});
type ClientData = z.infer<typeof ClientData>;

/** What the client data must say. */
export interface ExpectedClientData {
  readonly type: 'webauthn.create' | 'webauthn.get';
  /** base64url */
  readonly challenge: string;
  readonly origins: readonly string[];
}

/** Reads client data. @throws passkey.malformed */
export function readClientData(bytes: Uint8Array): ClientData {
  return orMalformed(() => {
    // A byte order mark is kept, so that JSON.parse refuses it: the library would read that text otherwise than we do.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return ClientData.parse(JSON.parse(text));
  });
}

/**
 * Holds client data against what was asked for (WebAuthn §7.1 and §7.2). We ask only on pages of our own, never inside
 * a frame of another site, so `crossOrigin` and `topOrigin` are refused.
 * @throws passkey.type_mismatch, .challenge_invalid, .origin_mismatch
 */
export function checkClientData(clientData: ClientData, { type, challenge, origins }: ExpectedClientData): void {
  if (clientData.type !== type) throw new AppError('passkey.type_mismatch');
  if (clientData.challenge !== challenge) throw new AppError('passkey.challenge_invalid');
  const isFramed = clientData.crossOrigin === true || clientData.topOrigin !== undefined;
  if (isFramed || !origins.includes(clientData.origin)) throw new AppError('passkey.origin_mismatch');
}
