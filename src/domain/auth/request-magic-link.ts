import type { Context, SystemContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { safeRedirect } from '../../lib/redirects.ts';
import type { MailContent } from '../../mail/templates/layout.ts';
import { type SignInMail, signInMail } from '../../mail/templates/sign-in.ts';
import { type AlertAnswer, alertMail, possibleAlert } from './alerts.ts';
import { MAGIC_LINK_SECONDS } from './magic-link.ts';
import { deliverBrowserProof, mailInTurn, newMailProof } from './mail-proof.ts';
import type { MagicLinkRequested, RequestMagicLinkInput } from './schemas.ts';

/** `_by_link`: the mail has no code, since the address was sent too many of late. */
type MailKind = 'sign_in' | 'sign_up' | 'sign_in_by_link' | 'sign_up_by_link' | 'sign_up_closed';

/**
 * Mails a link and a code to the address. Known or not, the answer is the same, and takes the same work: the mail alone
 * says which it is, and it goes out after the answer. An address that an account had until a few days ago is told so, in
 * place of a link.
 */
export async function requestMagicLink(ctx: SystemContext, input: RequestMagicLinkInput): Promise<MagicLinkRequested> {
  const redirectUrl = readRedirect(ctx, input.redirectUrl);
  const turn = await ctx.limit('magic_link.send', input.email);
  const proof = await newMailProof(ctx, input.delivery);
  const link = { ...proof.row, email: input.email, redirectUrl, signUpOpen: ctx.settings.signUp === 'open' };
  const alert = await possibleAlert(ctx.operation);
  const [rows, told] = await ctx.system(() => [
    plain('select gatehouse.request_magic_link($1::jsonb) as kind', [JSON.stringify(link)]),
    plain('select gatehouse.tell_moved($1, $2::jsonb) as moved', [input.email, JSON.stringify(alert.row)]),
  ]);
  const kind = firstValue<MailKind | 'conflict'>(rows, 'kind');
  if (kind === 'conflict') throw new AppError('idempotency_key.reused');
  const moved = firstValue<AlertAnswer | null>(told, 'moved');
  const mail = moved
    ? alertMail(ctx, alert, { due: moved })
    : { to: input.email, ...signInMailOf(ctx, { kind, token: proof.token, code: proof.code }) };
  mailInTurn(ctx, turn, mail);
  return deliverBrowserProof(ctx, proof, input.delivery);
}

/** Where to go afterwards, checked; null when nothing was asked for. @throws redirect.refused */
export function readRedirect(ctx: Context, candidate: string | undefined): string | null {
  if (candidate === undefined) return null;
  const url = safeRedirect(candidate, ctx.settings);
  if (url === null) throw new AppError('redirect.refused');
  return url;
}

function signInMailOf(ctx: Context, mail: { kind: MailKind; token: string; code: string }): MailContent {
  const { publicUrl, productName } = ctx.settings;
  // In the fragment, which no server, proxy or Referer sees, and which mail scanners do not post (better-auth #9690).
  const link = `${publicUrl}/sign-in#token=${mail.token}`;
  return signInMail(contentOf(mail.kind, mail.code, { link, minutes: MAGIC_LINK_SECONDS / 60, productName }));
}

function contentOf(
  kind: MailKind,
  code: string,
  proof: { readonly link: string; readonly minutes: number; readonly productName: string },
): SignInMail {
  switch (kind) {
    case 'sign_in_by_link':
      return { kind: 'sign_in', ...proof };
    case 'sign_up_by_link':
      return { kind: 'sign_up', ...proof };
    case 'sign_in':
    case 'sign_up':
      return { kind, code, ...proof };
    case 'sign_up_closed':
      return { kind, productName: proof.productName };
  }
}
