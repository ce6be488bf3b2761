import type { Context } from '../../../context.ts';
import { AppError } from '../../../errors.ts';
import { type ChallengePurpose, makeChallenge, readChallenge } from '../../../lib/challenges.ts';
import { challengeOf } from './ceremony.ts';

/** A fresh challenge of a ceremony. For a caller's own ceremonies it is bound to their session. */
export async function newChallenge(ctx: Context, purpose: ChallengePurpose): Promise<Uint8Array<ArrayBuffer>> {
  return makeChallenge(ctx.settings.lookupKeys, { purpose, boundTo: await boundTo(ctx, purpose) });
}

/** A challenge that came back in a response, as the database spends it. */
export interface AnsweredChallenge {
  readonly text: string;
  readonly row: { readonly challengeHash: string; readonly challengeExpiresAt: string; readonly purpose: string };
}

/**
 * Reads the challenge that a response answers.
 * @throws passkey.challenge_invalid when it is not ours, of another ceremony or another session; .challenge_expired
 */
export async function answeredChallenge(
  ctx: Context,
  purpose: ChallengePurpose,
  response: Record<string, unknown>,
): Promise<AnsweredChallenge> {
  const text = challengeOf(response);
  const bound = await boundTo(ctx, purpose);
  const found = await readChallenge(ctx.settings.lookupKeys, text, { purpose, boundTo: bound });
  if (found.status !== 'valid') throw new AppError(`passkey.challenge_${found.status}`);
  return { text, row: { challengeHash: found.hash, challengeExpiresAt: found.expiresAt, purpose } };
}

async function boundTo(ctx: Context, purpose: ChallengePurpose): Promise<string> {
  return purpose === 'passkey.sign_in' ? '' : ((await ctx.credential?.hash()) ?? '');
}
