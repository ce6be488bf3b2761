import type { Context } from '../../context.ts';
import { newId } from '../../lib/ids.ts';
import { randomSecret, sha256Hex } from '../../lib/secrets.ts';
import { type SecurityMailKind, securityMail } from '../../mail/templates/security.ts';
import { maskedAddress } from '../../mail/templates/values.ts';
import type { Maker } from '../idempotency.ts';

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

export async function possibleAlert(maker: Maker): Promise<PossibleAlert> {
  const secret = await maker.secret('alert.secret');
  return { secret, row: { id: await maker.id('alert.id'), tokenHash: await sha256Hex(secret) } };
}

/** One that no `Idempotency-Key` gives again: for calls of strangers. */
export async function strangersAlert(): Promise<PossibleAlert> {
  const secret = randomSecret();
  return { secret, row: { id: newId(), tokenHash: await sha256Hex(secret) } };
}

/** Mails the alert, after the answer. */
export function announce(ctx: Context, alert: PossibleAlert, { due, detail }: DueAlert): void {
  if (!due) return;
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
  ctx.later(ctx.mailer().send({ to: due.email, ...content }));
}
