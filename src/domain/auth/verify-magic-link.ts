import type { Context } from '../../context.ts';
import type { Gate } from '../../db/gate.ts';
import { firstValue, plain, type PlainStatement } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { newId } from '../../lib/ids.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import { makerOf } from '../idempotency.ts';
import { codeHashes, parseBrowserProof } from './magic-link.ts';
import type { SignedIn, VerifyMagicCodeInput, VerifyMagicLinkInput } from './schemas.ts';
import { deliverSession, newSession } from './session.ts';

type PublicContext = Context & { readonly system: Gate };

type Outcome =
  | { outcome: 'signed_in'; userId: string; redirectUrl: string | null; expiresAt: string }
  | { outcome: ErrorCode; attemptsLeft?: number };

/** Signs in by the token of a mailed link, in the browser that asked for it. One trip. */
export async function verifyMagicLink(ctx: PublicContext, input: VerifyMagicLinkInput): Promise<SignedIn> {
  await ctx.limit('magic_link.verify');
  const proof = parseBrowserProof(input.requestSecret ?? ctx.cookies.read('sign_in'));
  const tokenHash = await sha256Hex(input.token);
  const browserHash = proof && (await sha256Hex(proof.secret));
  return signIn(ctx, { ...input, secret: input.token }, (session) =>
    plain('select gatehouse.verify_magic_link($1, $2, $3::jsonb) as outcome', [tokenHash, browserHash, session]),
  );
}

/** Signs in by the six digits of the mail, typed where the link was asked for. Three tries. One trip. */
export async function verifyMagicCode(ctx: PublicContext, input: VerifyMagicCodeInput): Promise<SignedIn> {
  await ctx.limit('magic_link.code');
  const proof = parseBrowserProof(input.requestSecret ?? ctx.cookies.read('sign_in'));
  if (!proof) throw new AppError('code.invalid', { message: 'Ask for a mail in this browser first.' });
  const hashes = await codeHashes(ctx.settings.lookupKeys, proof.linkId, input.code);
  const browserHash = await sha256Hex(proof.secret);
  return signIn(ctx, { ...input, secret: proof.secret }, (session) =>
    plain('select gatehouse.verify_magic_code($1::uuid, $2, $3::text[], $4::jsonb) as outcome', [
      proof.linkId,
      browserHash,
      `{${hashes.join(',')}}`,
      session,
    ]),
  );
}

async function signIn(
  ctx: PublicContext,
  proven: { readonly secret: string; readonly delivery: 'cookie' | 'bearer' },
  verify: (session: string) => PlainStatement,
): Promise<SignedIn> {
  const session = await newSession(ctx, makerOf(ctx, proven.secret, 'auth.verifyMagicLink'), 'magic_link');
  const row = { ...session.row, newUserId: newId(), signUpOpen: ctx.settings.signUp === 'open' };
  const [rows] = await ctx.system(() => [verify(JSON.stringify(row))]);
  const outcome = firstValue<Outcome>(rows, 'outcome');
  if (outcome.outcome !== 'signed_in') {
    ctx.log({ event: 'sign_in.refused', code: outcome.outcome });
    throw new AppError(outcome.outcome, { attemptsLeft: 'attemptsLeft' in outcome ? outcome.attemptsLeft : undefined });
  }
  return deliverSession(ctx, session, {
    userId: outcome.userId,
    redirectUrl: outcome.redirectUrl,
    expiresAt: new Date(outcome.expiresAt).toISOString(),
    delivery: proven.delivery,
  });
}
