import type { SystemContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { codeProof, linkProof, type MailProof } from './mail-proof.ts';
import type { Delivery, SignedIn, VerifyMagicCodeInput, VerifyMagicLinkInput } from './schemas.ts';
import { concludeSignIn, newSession, type SignInAnswer } from './session.ts';

/** Signs in by the token of a mailed link, in the browser that asked for it. One trip. */
export async function verifyMagicLink(ctx: SystemContext, input: VerifyMagicLinkInput): Promise<SignedIn> {
  await ctx.limit('magic_link.verify');
  return signIn(ctx, await linkProof(ctx, input), input);
}

/** Signs in by the six digits of the mail, typed where the link was asked for. Three tries. One trip. */
export async function verifyMagicCode(ctx: SystemContext, input: VerifyMagicCodeInput): Promise<SignedIn> {
  await ctx.limit('magic_link.code');
  return signIn(ctx, await codeProof(ctx, input), input);
}

async function signIn(
  ctx: SystemContext,
  proof: MailProof,
  { delivery }: { readonly delivery: Delivery },
): Promise<SignedIn> {
  const session = await newSession(ctx, { authMethod: 'magic_link', delivery });
  const params = [JSON.stringify(proof.row), JSON.stringify(session.row)];
  const [rows] = await ctx.system(() => [
    plain('select gatehouse.sign_in_by_mail($1::jsonb, $2::jsonb) as answer', params),
  ]);
  return concludeSignIn(ctx, session, { answer: firstValue<SignInAnswer>(rows, 'answer'), delivery });
}
