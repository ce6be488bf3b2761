import type { GatedContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { emailChangeMail } from '../../mail/templates/email-change.ts';
import { stepUpMail } from '../../mail/templates/step-up.ts';
import type { Turn } from '../../rate-limits.ts';
import { MAGIC_LINK_SECONDS } from './magic-link.ts';
import { deliverBrowserProof, mailInTurn, newMailProof, type StoredProof } from './mail-proof.ts';
import type { Delivery, ProofMailRequested } from './schemas.ts';

/** Mails a link and a code to the caller's verified address, to prove anew who they are. @throws email.missing */
export async function requestStepUpMail(
  ctx: GatedContext,
  { delivery }: { readonly delivery: Delivery },
): Promise<ProofMailRequested> {
  // By the session, not by the address: what strangers ask for at the address does not keep its owner from this.
  const turn = await ctx.limit('magic_link.send', (await ctx.credential?.hash()) ?? '');
  return request(ctx, turn, { purpose: 'step_up', email: null, delivery });
}

/**
 * Mails a link and a code to an address that is to become the caller's. Whether it belongs to another account already,
 * its mailbox alone learns.
 */
export async function requestEmailChange(
  ctx: GatedContext,
  { email, delivery }: { readonly email: string; readonly delivery: Delivery },
): Promise<ProofMailRequested> {
  const turn = await ctx.limit('magic_link.send', email);
  return request(ctx, turn, { purpose: 'email_change', email, delivery });
}

interface Wanted {
  readonly purpose: 'step_up' | 'email_change';
  readonly email: string | null;
  readonly delivery: Delivery;
}

type Answer =
  | { readonly outcome: ErrorCode }
  | ({ readonly outcome: 'send' | 'taken'; readonly email: string } & StoredProof);

async function request(ctx: GatedContext, turn: Turn, wanted: Wanted): Promise<ProofMailRequested> {
  const proof = await newMailProof(ctx, wanted.delivery);
  const params = [wanted.purpose, wanted.email, JSON.stringify(proof.row)];
  const [rows] = await ctx.gate(() => [
    plain('select gatehouse.request_proof_mail($1, $2, $3::jsonb) as answer', params),
  ]);
  const answer = firstValue<Answer>(rows, 'answer');
  if (!('isLive' in answer)) throw new AppError(answer.outcome);
  const { token } = proof;
  const code = answer.hasCode ? proof.code : null;
  const content = contentOf(ctx, wanted, { token, code, isTaken: answer.outcome === 'taken' });
  mailInTurn(ctx, turn, { stored: answer, message: { to: answer.email, ...content } });
  return deliverBrowserProof(ctx, { browser: proof.browser, stored: answer, delivery: wanted.delivery });
}

function contentOf(
  ctx: GatedContext,
  { purpose }: Wanted,
  { token, code, isTaken }: { readonly token: string; readonly code: string | null; readonly isTaken: boolean },
) {
  const { publicUrl, productName } = ctx.settings;
  if (isTaken) return emailChangeMail({ kind: 'taken', productName });
  const page = purpose === 'step_up' ? 'step-up' : 'account/email';
  const mail = {
    productName,
    link: `${publicUrl}/${page}#token=${token}`,
    minutes: MAGIC_LINK_SECONDS / 60,
    ...(code === null ? {} : { code }),
  };
  return purpose === 'step_up' ? stepUpMail(mail) : emailChangeMail({ kind: 'confirm', ...mail });
}
