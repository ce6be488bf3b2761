import type { Context, SystemContext } from '../../../context.ts';
import { firstValue, plain } from '../../../db/statement.ts';
import { AppError } from '../../../errors.ts';
import { toHex } from '../../../lib/secrets.ts';
import type { SignedIn } from '../schemas.ts';
import { concludeSignIn, newSession, type SignInAnswer } from '../session.ts';
import { type AnsweredChallenge, answeredChallenge, newChallenge } from './challenge.ts';
import { assertedCredential, assertionOptions, relyingParty } from './ceremony.ts';
import { checkAssertion, type KnownPasskey } from './check-assertion.ts';
import type { FinishPasskeySignInInput, PasskeyOptions } from './views.ts';

/** Options for signing in with any passkey of this site, also as conditional UI. No trip: nothing is stored. */
export async function startPasskeySignIn(ctx: Context): Promise<PasskeyOptions> {
  const challenge = await newChallenge(ctx, 'passkey.sign_in');
  return { options: { ...(await assertionOptions(relyingParty(ctx.settings), { challenge })) } };
}

/**
 * Signs in by a passkey: whose it is, it says itself. Two trips: the public key, then the outcome.
 * @throws passkey.* naming what is wrong; user.suspended
 */
export async function finishPasskeySignIn(ctx: SystemContext, input: FinishPasskeySignInInput): Promise<SignedIn> {
  await ctx.limit('passkey.sign_in');
  const { response, delivery } = input;
  const challenge = await answeredChallenge(ctx, 'passkey.sign_in', response);
  const { credentialId, userHandle } = assertedCredential(response);
  const [found] = await ctx.system(() => [
    plain("select gatehouse.find_passkey(decode($1, 'hex')) as passkey", [toHex(credentialId)]),
  ]);
  const passkey = firstValue<(KnownPasskey & { userId: string; handle: string }) | null>(found, 'passkey');
  if (!passkey) throw new AppError('passkey.unknown');
  // Nobody was named before, so the authenticator must name the user, and the right one (WebAuthn §7.2 step 6).
  const isOwner = userHandle !== null && toHex(userHandle) === passkey.handle;
  const checked = isOwner
    ? await checkAssertion(ctx, { response, passkey, challenge })
    : { failure: 'passkey.user_mismatch' as const };
  return conclude(ctx, { challenge, delivery, proof: { passkeyId: passkey.id, userId: passkey.userId, ...checked } });
}

async function conclude(
  ctx: SystemContext,
  {
    challenge,
    delivery,
    proof,
  }: { challenge: AnsweredChallenge; delivery: FinishPasskeySignInInput['delivery']; proof: Record<string, unknown> },
): Promise<SignedIn> {
  const session = await newSession(ctx, { authMethod: 'passkey', delivery });
  const row = { ...challenge.row, ...proof, operationId: session.id };
  const params = [JSON.stringify(row), JSON.stringify(session.row)];
  const [rows] = await ctx.system(() => [
    plain('select gatehouse.sign_in_by_passkey($1::jsonb, $2::jsonb) as answer', params),
  ]);
  return concludeSignIn(ctx, session, { answer: firstValue<SignInAnswer>(rows, 'answer'), delivery });
}
