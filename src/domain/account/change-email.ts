import type { GatedContext } from '../../context.ts';
import { plain } from '../../db/statement.ts';
import { maskedAddress } from '../../mail/templates/values.ts';
import { applyChange, newChange } from '../auth/changes.ts';
import { returnedProof } from '../auth/mail-proof.ts';
import type { MailProofInput } from '../auth/schemas.ts';
import type { EmailChanged } from './schemas.ts';

/**
 * Makes the address whose mailed link or code came back the caller's own, and tells the old one, which can undo it for
 * seven days. One trip.
 * @throws magic_link.*, code.* as a sign-in by mail; email.taken when it became another account's meanwhile, or was one's until a few days ago
 */
export async function confirmEmailChange(ctx: GatedContext, input: MailProofInput): Promise<EmailChanged> {
  const proof = await returnedProof(ctx, input);
  const change = await newChange(ctx, 'magic_link');
  const params = [JSON.stringify(proof.row), JSON.stringify(change.facts)];
  const statement = plain('select gatehouse.change_email($1::jsonb, $2::jsonb) as answer', params);
  const { email } = await applyChange<{ outcome: 'changed'; email: string }>(ctx, change, {
    statement,
    done: 'changed',
    detail: ({ email: changedTo }) => maskedAddress(changedTo),
  });
  ctx.cookies.clear('sign_in');
  return { email };
}
