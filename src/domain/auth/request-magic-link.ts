import type { Context } from '../../context.ts';
import type { Gate } from '../../db/gate.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { safeRedirect } from '../../lib/redirects.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import { signInMail } from '../../mail/templates.ts';
import { makerOf } from '../idempotency.ts';
import { codeHashes, formatBrowserProof, MAGIC_LINK_SECONDS, parseBrowserProof } from './magic-link.ts';
import type { MagicLinkRequested, RequestMagicLinkInput } from './schemas.ts';

type MailKind = 'sign_in' | 'sign_up' | 'sign_up_closed';

/**
 * Mails a link and a code to the address. Known or not, the answer is the same, and takes the same work: the mail alone
 * says which it is, and it goes out after the answer.
 */
export async function requestMagicLink(
  ctx: Context & { system: Gate },
  input: RequestMagicLinkInput,
): Promise<MagicLinkRequested> {
  const redirectUrl = readRedirect(ctx, input.redirectUrl);
  await ctx.limit('magic_link.send', input.email);
  const maker = makerOf(ctx, '', 'auth.requestMagicLink');
  const linkId = await maker.id('id');
  const token = await maker.secret('token');
  const code = await maker.code('code');
  const proof = { linkId, secret: keptSecret(ctx, input) ?? (await maker.secret('browser')) };
  const [codeHash] = await codeHashes(ctx.settings.lookupKeys, linkId, code);
  const link = {
    id: linkId,
    email: input.email,
    tokenHash: await sha256Hex(token),
    codeHash,
    browserHash: await sha256Hex(proof.secret),
    redirectUrl,
    ipAddress: ctx.facts.address,
    seconds: MAGIC_LINK_SECONDS,
    signUpOpen: ctx.settings.signUp === 'open',
  };
  const [rows] = await ctx.system(() => [
    plain('select gatehouse.request_magic_link($1::jsonb) as kind', [JSON.stringify(link)]),
  ]);
  const kind = firstValue<MailKind | 'conflict'>(rows, 'kind');
  if (kind === 'conflict') throw new AppError('idempotency_key.reused');
  ctx.later(sendMail(ctx, { kind, to: input.email, token, code }));
  if (input.delivery === 'cookie') ctx.cookies.set('sign_in', formatBrowserProof(proof), MAGIC_LINK_SECONDS);
  return {
    expiresAt: new Date(Date.now() + MAGIC_LINK_SECONDS * 1000).toISOString(),
    requestSecret: input.delivery === 'bearer' ? formatBrowserProof(proof) : null,
  };
}

function readRedirect(ctx: Context, candidate: string | undefined): string | null {
  if (candidate === undefined) return null;
  const url = safeRedirect(candidate, ctx.settings);
  if (url === null) throw new AppError('redirect.refused');
  return url;
}

/** A browser that asks twice keeps its secret, so that the link of either mail works in it. */
function keptSecret(ctx: Context, input: RequestMagicLinkInput): string | null {
  return input.delivery === 'cookie' ? (parseBrowserProof(ctx.cookies.read('sign_in'))?.secret ?? null) : null;
}

async function sendMail(
  ctx: Context,
  mail: { kind: MailKind; to: string; token: string; code: string },
): Promise<void> {
  const { publicUrl, productName } = ctx.settings;
  // In the fragment, which no server, proxy or Referer sees, and which mail scanners do not post (better-auth #9690).
  const link = `${publicUrl}/sign-in#token=${mail.token}`;
  const content = signInMail({ kind: mail.kind, link, code: mail.code, minutes: MAGIC_LINK_SECONDS / 60, productName });
  await ctx.mailer().send({ to: mail.to, ...content });
}
