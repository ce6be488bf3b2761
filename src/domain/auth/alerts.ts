import type { Context } from '../../context.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import { type SecurityMailKind, securityMail } from '../../mail/templates/security.ts';
import type { Operation } from '../../operation.ts';

/** What a SQL function says about a mail it noted; see `gatehouse.raise_alert`. */
export interface AlertAnswer {
  readonly kind: SecurityMailKind;
  readonly email: string;
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

/** Mails the alert, after the answer. */
export function announce(ctx: Context, alert: PossibleAlert, { due, detail }: DueAlert): void {
  if (!due) return;
  const { publicUrl, productName } = ctx.settings;
  const { city, country } = ctx.facts.location();
  const content = securityMail({
    kind: due.kind,
    productName,
    // In the fragment: opening the mail's link does nothing by itself, and no server or proxy sees the secret.
    notMeLink: `${publicUrl}/not-me#token=${alert.secret}`,
    when: new Date().toISOString(),
    device: ctx.facts.device().deviceName,
    place: [city, country].filter(Boolean).join(', ') || null,
    detail,
  });
  ctx.later(ctx.mailer().send({ to: due.email, ...content }));
}
