/**
 * Sealing: secrets that must be read back (provider tokens, webhook secrets) at rest.
 *
 *     gatehouse:1:<key id>:<seal id>:<iv>:<ciphertext and tag>
 *
 * AES-256-GCM under a key derived per owner. What the value is for is authenticated with it, so it opens in no other
 * row, owner, field or connector. The seal id, not a row id, makes each value itself: upserts choose the row late.
 */
import { toBase64Url } from './secrets.ts';
import { fromBase64, type KeyRing } from './keys.ts';

/** What a sealed value belongs to. All three are authenticated; the owner (`user:…`, `organization:…`) picks the key. */
export interface SealContext {
  readonly owner: string;
  readonly connector: string;
  readonly field: string;
}

/**
 * Why a value could not be sealed or opened: `malformed` (not an envelope, or text that UTF-8 cannot carry),
 * `unknown_key` (sealed under a key that the ring lacks), `refused` (tampered with, or of another context).
 */
export type SealErrorCode = 'malformed' | 'unknown_key' | 'refused';

/** The one error of sealing. Its message never holds plaintext, ciphertext or key. */
export class SealError extends Error {
  readonly code: SealErrorCode;

  constructor(code: SealErrorCode, message: string) {
    super(message);
    this.name = 'SealError';
    this.code = code;
  }
}

export interface Sealer {
  /** Seals a text under the active key. Two seals of one text differ. @throws SealError `malformed` */
  seal(plaintext: string, context: SealContext): Promise<string>;
  /** The very text that was sealed. @throws SealError */
  open(envelope: string, context: SealContext): Promise<string>;
  /** Opens in one context and seals anew, under the active key, in another (or the same: rotation). @throws SealError */
  reseal(envelope: string, from: SealContext, to: SealContext): Promise<string>;
  /** Whether the value was sealed under a key other than the active one. @throws SealError `malformed` */
  needsRotation(envelope: string): boolean;
}

interface Envelope {
  readonly keyId: string;
  readonly sealId: string;
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly ciphertext: Uint8Array<ArrayBuffer>;
}

const PREFIX = 'gatehouse';
const VERSION = '1';
const SEAL_ID_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const CACHED_KEYS = 500;

const encoder = new TextEncoder();
// Without ignoreBOM a leading U+FEFF would be dropped, and the text would not come back as it went in.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Whether the text claims to be a sealed value (its prefix alone is looked at). */
export function isSealed(text: string): boolean {
  return text.startsWith(`${PREFIX}:`);
}

/** Makes a sealer over a ring. Create one per isolate: it keeps derived keys of recently seen owners. */
export function createSealer(ring: KeyRing): Sealer {
  const keyFor = createKeyCache(ring);

  async function seal(plaintext: string, context: SealContext): Promise<string> {
    // TextEncoder would turn a lone surrogate into U+FFFD without a word.
    if (!plaintext.isWellFormed()) throw new SealError('malformed', 'The text to seal holds a lone surrogate.');
    const key = await keyFor(ring.active.id, checked(context).owner);
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    const sealId = toBase64Url(crypto.getRandomValues(new Uint8Array(SEAL_ID_BYTES)));
    const additionalData = additionalDataOf(ring.active.id, sealId, context);
    const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData }, key, encoder.encode(plaintext));
    return [PREFIX, VERSION, ring.active.id, sealId, toBase64Url(iv), toBase64Url(new Uint8Array(sealed))].join(':');
  }

  async function open(envelope: string, context: SealContext): Promise<string> {
    const { keyId, sealId, iv, ciphertext } = parseEnvelope(envelope);
    const key = await keyFor(keyId, checked(context).owner);
    const additionalData = additionalDataOf(keyId, sealId, context);
    try {
      return decoder.decode(await crypto.subtle.decrypt({ name: 'AES-GCM', iv, additionalData }, key, ciphertext));
    } catch {
      throw new SealError('refused', 'The sealed value was changed, or belongs elsewhere.');
    }
  }

  return {
    seal,
    open,
    reseal: async (envelope, from, to) => seal(await open(envelope, from), to),
    needsRotation: (envelope) => parseEnvelope(envelope).keyId !== ring.active.id,
  };
}

function parseEnvelope(envelope: string): Envelope {
  const [prefix, version, keyId, sealId, iv, ciphertext, ...rest] = envelope.split(':');
  if (prefix !== PREFIX || version !== VERSION || !keyId || !sealId || !iv || !ciphertext || rest.length > 0) {
    throw new SealError('malformed', 'The value is not a sealed one of a known version.');
  }
  const parts = { sealId: bytesOf(sealId), iv: bytesOf(iv), ciphertext: bytesOf(ciphertext) };
  if (parts.sealId.length !== SEAL_ID_BYTES || parts.iv.length !== IV_BYTES || parts.ciphertext.length < TAG_BYTES) {
    throw new SealError('malformed', 'A part of the sealed value has the wrong length.');
  }
  return { keyId, sealId, iv: parts.iv, ciphertext: parts.ciphertext };
}

/** Only unpadded base64url in its canonical spelling: a value has one envelope text, not several. */
function bytesOf(part: string): Uint8Array<ArrayBuffer> {
  const bytes = /^[A-Za-z0-9_-]+$/.test(part) ? fromBase64(part) : null;
  if (!bytes) throw new SealError('malformed', 'A part of the sealed value is not base64url.');
  return bytes;
}

/** A JSON array is unambiguous: no two contexts give the same bytes, whatever characters they hold. */
function additionalDataOf(keyId: string, sealId: string, context: SealContext): Uint8Array<ArrayBuffer> {
  return encoder.encode(
    JSON.stringify([PREFIX, VERSION, keyId, sealId, context.owner, context.connector, context.field]),
  );
}

/** An empty part would let a forgotten value seal for nobody in particular. */
function checked(context: SealContext): SealContext {
  for (const part of ['owner', 'connector', 'field'] as const) {
    if (!context[part] || !context[part].isWellFormed()) {
      throw new SealError('malformed', `The ${part} of the seal's context is empty or not well-formed.`);
    }
  }
  return context;
}

/**
 * Derives keys, keeping the most recently used. Finished keys are kept, never promises: on Workers a promise of one
 * request may not be awaited by another.
 */
function createKeyCache(ring: KeyRing): (keyId: string, owner: string) => Promise<CryptoKey> {
  const recent = new Map<string, CryptoKey>();
  return async (keyId, owner) => {
    const ringKey = ring.all.get(keyId);
    if (!ringKey) throw new SealError('unknown_key', 'The value was sealed under a key that is not in the ring.');
    const slot = `${keyId} ${owner}`;
    const key = recent.get(slot) ?? (await deriveKey(ringKey.bytes, owner));
    recent.delete(slot);
    recent.set(slot, key);
    for (const oldest of recent.keys()) {
      if (recent.size <= CACHED_KEYS) break;
      recent.delete(oldest);
    }
    return key;
  };
}

/** HKDF-SHA-256 (RFC 5869) with the owner in `info`: what leaks one owner's key says nothing of another's. */
async function deriveKey(bytes: Uint8Array<ArrayBuffer>, owner: string): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey('raw', bytes, 'HKDF', false, ['deriveKey']);
  const info = encoder.encode(JSON.stringify([PREFIX, VERSION, 'sealing', owner]));
  const hkdf = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info };
  return crypto.subtle.deriveKey(hkdf, base, { name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']);
}
