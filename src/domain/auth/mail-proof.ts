import type { Context } from '../../context.ts';
import { AppError } from '../../errors.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import type { MailMessage } from '../../mail/mailer.ts';
import type { Turn } from '../../rate-limits.ts';
import {
  type BrowserProof,
  codeHashes,
  formatBrowserProof,
  MAGIC_LINK_SECONDS,
  parseBrowserProof,
} from './magic-link.ts';
import type { Delivery, MailProofInput } from './schemas.ts';

/** A mail about to be sent: its secrets, and what the database keeps of them. */
export interface NewMailProof {
  readonly token: string;
  readonly code: string;
  readonly browser: BrowserProof;
  readonly row: Readonly<Record<string, unknown>>;
}

/** Makes link and code of a mail, bound to the browser that asks. It keeps its secret, so that the link of either of two mails works in it. */
export async function newMailProof(ctx: Context, delivery: Delivery): Promise<NewMailProof> {
  const { operation } = ctx;
  const linkId = await operation.id('id');
  const token = await operation.secret('token');
  const code = await operation.code('code');
  const kept = delivery === 'cookie' ? parseBrowserProof(ctx.cookies.read('sign_in'))?.secret : undefined;
  const secret = kept ?? (await operation.secret('browser'));
  const [codeHash] = await codeHashes(ctx.settings.lookupKeys, linkId, code);
  const row = {
    id: linkId,
    tokenHash: await sha256Hex(token),
    codeHash,
    browserHash: await sha256Hex(secret),
    ipAddress: ctx.facts.address,
    seconds: MAGIC_LINK_SECONDS,
  };
  return { token, code, browser: { linkId, secret }, row };
}

/** What the database has of a mail's proof, which an earlier call may have stored: `gatehouse.mailed_proof`. */
export interface StoredProof {
  readonly expiresAt: string;
  /** Stored by this very call: no earlier try of it has mailed anything. */
  readonly isNew: boolean;
  /** Neither used nor expired. */
  readonly isLive: boolean;
  /** False: the mail has the link alone, since the address was sent too many codes of late. */
  readonly hasCode: boolean;
}

/**
 * Mails after the answer: the same call sent again mails nothing more, unless an earlier try failed or died on the way. Two
 * tries at the same time may both mail, the same link. Nothing is mailed once the link is dead.
 */
export function mailInTurn(ctx: Context, turn: Turn, mail: { stored: StoredProof; message: MailMessage }): void {
  if ((turn.isRepeat && !mail.stored.isNew) || !mail.stored.isLive) return;
  ctx.later(
    ctx
      .mailer()
      .send(mail.message)
      .then(() => turn.finish()),
  );
}

/**
 * Hands the browser's half over, as a cookie or in the answer; when the mail's half ends. A dead one takes no cookie's
 * place, which may be that of a later mail.
 */
export function deliverBrowserProof(
  ctx: Context,
  { browser, stored, delivery }: { browser: BrowserProof; stored: StoredProof; delivery: Delivery },
) {
  const text = formatBrowserProof(browser);
  if (delivery === 'cookie' && stored.isLive) ctx.cookies.set('sign_in', text, MAGIC_LINK_SECONDS);
  return {
    expiresAt: new Date(stored.expiresAt).toISOString(),
    requestSecret: delivery === 'bearer' ? text : null,
  };
}

/** A mailed proof that came back, as `gatehouse.prove_mail` is told of it. */
export interface MailProof {
  readonly row: Readonly<Record<string, unknown>>;
}

interface Returned {
  readonly requestSecret?: string | undefined;
}

/** By the token of the mailed link. Without the browser's half the database says `magic_link.other_browser`. */
export async function linkProof(ctx: Context, input: Returned & { readonly token: string }): Promise<MailProof> {
  const browser = returnedBrowser(ctx, input);
  const row = { tokenHash: await sha256Hex(input.token), browserHash: browser && (await sha256Hex(browser.secret)) };
  return { row };
}

/** By the six digits of the mail, in the browser that asked for it. @throws code.invalid when it asked for none */
export async function codeProof(ctx: Context, input: Returned & { readonly code: string }): Promise<MailProof> {
  const browser = returnedBrowser(ctx, input);
  if (!browser) throw new AppError('code.invalid', { message: 'Ask for a mail in this browser first.' });
  const row = {
    linkId: browser.linkId,
    codeHashes: await codeHashes(ctx.settings.lookupKeys, browser.linkId, input.code),
    browserHash: await sha256Hex(browser.secret),
  };
  return { row };
}

/** Either of the two, counted as what it is. */
export async function returnedProof(ctx: Context, { token, code, requestSecret }: MailProofInput): Promise<MailProof> {
  await ctx.limit(token === undefined ? 'magic_link.code' : 'magic_link.verify');
  return token === undefined
    ? codeProof(ctx, { code: code ?? '', requestSecret })
    : linkProof(ctx, { token, requestSecret });
}

function returnedBrowser(ctx: Context, { requestSecret }: Returned): BrowserProof | null {
  return parseBrowserProof(requestSecret ?? ctx.cookies.read('sign_in'));
}
