import type { Context } from '../../context.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import type { MailMessage } from '../../mail/mailer.ts';
import { type SecurityMailKind, securityMail } from '../../mail/templates/security.ts';
import { maskedAddress } from '../../mail/templates/values.ts';
import type { Operation } from '../../operation.ts';

/** What a SQL function says about a mail it noted; see `gatehouse.raise_alert` and `gatehouse.tell_moved`. */
export interface AlertAnswer {
  readonly kind: SecurityMailKind;
  readonly email: string;
  /** email_moved: the account's address since, and since when. */
  readonly newEmail?: string;
  readonly changedAt?: string;
}

/** A mail that is due, if one is. */
interface DueAlert {
  readonly due: AlertAnswer | null | undefined;
  /** What it is about, as far as the mail says it: a provider, a token's name, a masked address. */
  readonly detail?: string;
}

/** A mail about the account that may become due: the secret of its "this wasn't me", and what the database keeps. */
export interface PossibleAlert {
  readonly secret: string;
  readonly row: { readonly id: string; readonly tokenHash: string };
}

export async function possibleAlert(operation: Operation): Promise<PossibleAlert> {
  const secret = await operation.secret('alert.secret');
  return { secret, row: { id: await operation.id('alert.id'), tokenHash: await sha256Hex(secret) } };
}

/** Mails the alert, after the answer, if one is due. */
export function announce(ctx: Context, alert: PossibleAlert, { due, detail }: DueAlert): void {
  if (due) ctx.later(ctx.mailer().send(alertMail(ctx, alert, { due, detail })));
}

/** The mail of an alert, with the link that disowns it. */
export function alertMail(
  ctx: Context,
  alert: PossibleAlert,
  { due, detail }: DueAlert & { readonly due: AlertAnswer },
): MailMessage {
  const { publicUrl, productName } = ctx.settings;
  const { city, country } = ctx.facts.location();
  const { newEmail, changedAt } = due;
  const content = securityMail({
    kind: due.kind,
    productName,
    // In the fragment: opening the mail's link does nothing by itself, and no server or proxy sees the secret.
    notMeLink: `${publicUrl}/not-me#token=${alert.secret}`,
    when: (changedAt === undefined ? new Date() : new Date(changedAt)).toISOString(),
    device: ctx.facts.device().deviceName,
    place: [city, country].filter(Boolean).join(', ') || null,
    detail: detail ?? (newEmail === undefined ? undefined : maskedAddress(newEmail)),
  });
  return { to: due.email, ...content };
}
