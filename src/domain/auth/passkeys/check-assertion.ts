import type { Context } from '../../../context.ts';
import { AppError, type ErrorCode } from '../../../errors.ts';
import { fromHex } from '../../../lib/secrets.ts';
import type { AnsweredChallenge } from './challenge.ts';
import { relyingParty, verifyAssertion } from './ceremony.ts';

/** A registered passkey as the database gives it. */
export interface KnownPasskey {
  readonly id: string;
  /** The COSE key, in hex. */
  readonly publicKey: string;
}

/** What the database is told of an assertion: its counter, or why it is refused. */
export type CheckedAssertion =
  | { readonly counter: number; readonly backedUp: boolean }
  | { readonly failure: ErrorCode };

/**
 * Holds an assertion against its passkey's public key. A refusal is answered and not thrown: the database spends the
 * challenge and notes the attempt.
 */
export async function checkAssertion(
  ctx: Context,
  given: {
    readonly response: Record<string, unknown>;
    readonly passkey: KnownPasskey;
    readonly challenge: AnsweredChallenge;
  },
): Promise<CheckedAssertion> {
  const { response, passkey, challenge } = given;
  try {
    const publicKey = fromHex(passkey.publicKey);
    const { counter, backedUp } = await verifyAssertion(relyingParty(ctx.settings), response, {
      publicKey,
      challenge: challenge.text,
    });
    return { counter, backedUp };
  } catch (error) {
    if (error instanceof AppError) return { failure: error.code };
    throw error;
  }
}
