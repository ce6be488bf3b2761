/**
 * One call that changes something: the ids and secrets it makes, and what becomes of it when it is sent again.
 * This is the only place that reads an `Idempotency-Key`. See docs/decisions/0014-idempotency.md.
 */
import type { Context } from './context.ts';
import type { Gate } from './db/gate.ts';
import { plain, type PlainStatement } from './db/statement.ts';
import { AppError, databaseError } from './errors.ts';
import { newId, uuidFromDigest } from './lib/ids.ts';
import { hmac, randomCode, randomSecret, toBase64Url, toHex } from './lib/secrets.ts';

/** Makes the ids and secrets of one call, each for a purpose of its own. */
export interface Operation {
  id(purpose: string): Promise<string>;
  /** 256 bits as base64url. */
  secret(purpose: string): Promise<string>;
  /** Six decimal digits. */
  code(purpose: string): Promise<string>;
  /** What a rate limiter knows this very call by; absent where every call counts by itself. */
  readonly name?: string;
  /** Holds the call to the input that its key first came with. Absent without a key. */
  readonly claim?: PlainStatement;
}

/** A call without a key: nothing of it can be made again. */
export const unkeyed: Operation = {
  id: async () => newId(),
  secret: async () => randomSecret(),
  code: async () => randomCode(),
};

/** The call that a middleware is about to run. */
export interface KeyedCall {
  readonly ctx: Context;
  /** The procedure, such as `auth.createToken`. */
  readonly path: string;
  /** The whole input as it was sent. */
  readonly getRawInput: () => Promise<unknown>;
}

type Outcome = { readonly ok: boolean; readonly error?: unknown };

/**
 * Runs a call that changes something as one operation. Sent again by the same caller with the same key and input, it
 * makes the same ids and secrets, for 24 hours; with other input it is refused.
 * @throws AppError idempotency_key.malformed
 */
export async function asOperation<T extends Outcome>(
  call: KeyedCall,
  run: (operation: Operation) => Promise<T>,
): Promise<T> {
  const keyed = await readKey(call);
  if (keyed === null) return run(unkeyed);
  const result = await run(await keyed(today()));
  // Begun yesterday, and sent again today.
  const day = result.ok ? null : firstDayOf(result.error);
  return day === null ? result : run(await keyed(day));
}

/** The gate of a call: its list begins with the claim of the call's key, so that nothing runs for other input. */
export function claiming(gate: Gate, { claim }: Operation): Gate {
  if (!claim) return gate;
  return async (build) => {
    const results: readonly unknown[] = await gate((db) => [claim, ...build(db)]);
    return results.slice(1) as never;
  };
}

/** The operation of a day, for a call with a key; null for one without, or whose caller nobody knows. */
async function readKey({ ctx, path, getRawInput }: KeyedCall): Promise<((day: number) => Promise<Operation>) | null> {
  const { key, caller } = ctx.facts.idempotency;
  if (key !== null && !/^[!-~]{16,200}$/.test(key)) throw new AppError('idempotency_key.malformed');
  if (caller !== null && !/^[\w-]{43,128}$/.test(caller)) {
    throw new AppError('idempotency_key.malformed', {
      message: 'Idempotency-Caller must be a secret of 43 to 128 characters of A-Z, a-z, 0-9, - and _.',
    });
  }
  // A credential says who calls. Where there is none, a secret of the caller's own stands in for it; without that, two
  // strangers with one key would share what it makes.
  const secret = (await ctx.credential?.hash()) ?? caller;
  if (key === null || secret === null) return null;
  const input = JSON.stringify(await getRawInput()) ?? '';
  const { bytes } = ctx.settings.lookupKeys.active;
  const derive = (...parts: string[]) => hmac(bytes, ['idempotency', secret, path, key, ...parts]);
  const keyHash = toHex(await derive('key'));
  const inputHash = toHex(await derive('input', input));
  return async (day) => {
    const make = (purpose: string) => derive('make', input, String(day), purpose);
    return {
      id: async (purpose) => uuidFromDigest(await make(purpose)),
      secret: async (purpose) => toBase64Url(await make(purpose)),
      code: async (purpose) => digits(await make(purpose)),
      name: inputHash,
      claim: plain('select from gatehouse.claim_operation($1, $2, $3)', [keyHash, inputHash, day]),
    };
  };
}

const DAY_MS = 86_400_000;

function today(): number {
  return Math.floor(Date.now() / DAY_MS);
}

/** The day on which the key was first used, where the database refused the call for naming another one. */
function firstDayOf(error: unknown): number | null {
  const refusal = error instanceof Error && error.cause instanceof AppError ? error.cause : error;
  if (!(refusal instanceof AppError) || refusal.code !== 'idempotency_key.other_day') return null;
  return Number(databaseError(refusal.details.cause)?.detail);
}

/** 48 bits of the digest modulo a million: the bias is below one in 10^8. */
function digits(digest: Uint8Array): string {
  const number = digest.slice(0, 6).reduce((sum, byte) => sum * 256 + byte, 0);
  return String(number % 1_000_000).padStart(6, '0');
}
