import type { Context, SystemContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { safeRedirect } from '../../lib/redirects.ts';
import type { MailContent } from '../../mail/templates/layout.ts';
import { type SignInMail, signInMail } from '../../mail/templates/sign-in.ts';
import { type AlertAnswer, alertMail, possibleAlert } from './alerts.ts';
import { MAGIC_LINK_SECONDS } from './magic-link.ts';
import { deliverBrowserProof, mailInTurn, newMailProof, type StoredProof } from './mail-proof.ts';
import type { MagicLinkRequested, RequestMagicLinkInput } from './schemas.ts';

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
  const [rows, told, asStored] = await ctx.system(() => [
    plain('select gatehouse.request_magic_link($1::jsonb) as kind', [JSON.stringify(link)]),
    plain('select gatehouse.tell_moved($1, $2::jsonb) as moved', [input.email, JSON.stringify(alert.row)]),
    plain('select gatehouse.mailed_proof($1::uuid) as stored', [proof.browser.linkId]),
  ]);
  const kind = firstValue<SignInMail['kind'] | 'conflict'>(rows, 'kind');
  if (kind === 'conflict') throw new AppError('idempotency_key.reused');
  const moved = firstValue<AlertAnswer | null>(told, 'moved');
  const stored = firstValue<StoredProof>(asStored, 'stored');
  const code = stored.hasCode ? proof.code : null;
  const message = moved
    ? alertMail(ctx, alert, { due: moved })
    : { to: input.email, ...signInMailOf(ctx, { kind, token: proof.token, code }) };
  mailInTurn(ctx, turn, { stored, message });
  return deliverBrowserProof(ctx, { browser: proof.browser, stored, delivery: input.delivery });
}

/** Where to go afterwards, checked; null when nothing was asked for. @throws redirect.refused */
export function readRedirect(ctx: Context, candidate: string | undefined): string | null {
  if (candidate === undefined) return null;
  const url = safeRedirect(candidate, ctx.settings);
  if (url === null) throw new AppError('redirect.refused');
  return url;
}

function signInMailOf(
  ctx: Context,
  { kind, token, code }: { kind: SignInMail['kind']; token: string; code: string | null },
): MailContent {
  const { publicUrl, productName } = ctx.settings;
  if (kind === 'sign_up_closed') return signInMail({ kind, productName });
  // In the fragment, which no server, proxy or Referer sees, and which mail scanners do not post (better-auth #9690).
  const proof = { link: `${publicUrl}/sign-in#token=${token}`, minutes: MAGIC_LINK_SECONDS / 60 };
  return signInMail({ kind, productName, ...proof, ...(code === null ? {} : { code }) });
}
