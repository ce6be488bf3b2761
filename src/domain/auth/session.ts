import type { Context } from '../../context.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { parseSession, SESSION_PREFIX } from '../../lib/credentials.ts';
import { newId } from '../../lib/ids.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import type { Operation } from '../../operation.ts';
import { type AlertAnswer, announce, type PossibleAlert, possibleAlert } from './alerts.ts';
import type { Delivery, SignedIn } from './schemas.ts';

/** A session about to be made: its secret, and what `gatehouse.sign_in` is told. */
export interface NewSession {
  readonly id: string;
  readonly secret: string;
  /** The browser's own secret, by which the next sign-in knows it again; null where there is no browser. */
  readonly deviceSecret: string | null;
  readonly alert: PossibleAlert;
  readonly row: Readonly<Record<string, unknown>>;
}

/** Browsers forget a cookie after 400 days at the latest. */
const DEVICE_SECONDS = 400 * 24 * 3600;

/** A new credential for every sign-in (ASVS 7.2.4). The secret stays in the Worker; its SHA-256 is stored. */
export async function newSession(
  ctx: Context,
  kind: { readonly authMethod: string; readonly delivery: Delivery },
): Promise<NewSession> {
  const { operation } = ctx;
  const id = await operation.id('session.id');
  const secret = await sessionSecret(operation);
  const alert = await possibleAlert(operation);
  const deviceSecret = kind.delivery === 'cookie' ? (knownDevice(ctx) ?? (await operation.secret('device'))) : null;
  const { deviceType, deviceName, browser, os } = ctx.facts.device();
  const { city, country } = ctx.facts.location();
  const row = {
    id,
    tokenHash: await sha256Hex(secret),
    authMethod: kind.authMethod,
    profile: ctx.settings.sessionProfile,
    deviceHash: deviceSecret && (await sha256Hex(deviceSecret)),
    // The browser's cookie is overwritten: the session it held would live on where nobody sees it.
    replaces: kind.delivery === 'cookie' ? await parseSession(ctx.cookies.read('session'))?.hash() : null,
    alert: alert.row,
    deviceType,
    deviceName,
    browser,
    os,
    city,
    country,
    newUserId: newId(),
    signUpOpen: ctx.settings.signUp === 'open',
    ...requestRecord(ctx),
  };
  return { id, secret, deviceSecret, alert, row };
}

/** A session's secret: prefix and 256 bits. */
export async function sessionSecret(operation: Operation): Promise<string> {
  return SESSION_PREFIX + (await operation.secret('session.secret'));
}

function knownDevice(ctx: Context): string | null {
  const secret = ctx.cookies.read('device');
  return secret !== null && /^[\w-]{43}$/.test(secret) ? secret : null;
}

/** What the history keeps of a request (requirement 3 §1.2): `device_info`, `location` {city, country, coords}, address. */
export function requestRecord({ facts }: Context) {
  const { deviceType, deviceName, browser, os } = facts.device();
  const { city, country, latitude, longitude } = facts.location();
  const coords = latitude === null || longitude === null ? null : [latitude, longitude];
  return {
    ipAddress: facts.address,
    deviceInfo: { type: deviceType, name: deviceName, browser, os },
    location: { city, country, coords },
  };
}

/** What the SQL functions that sign in answer. */
export type SignInAnswer =
  | {
      readonly outcome: 'signed_in';
      readonly userId: string;
      readonly expiresAt: string;
      readonly redirectUrl?: string | null;
      readonly alert: AlertAnswer | null;
    }
  | { readonly outcome: ErrorCode; readonly attemptsLeft?: number | null; readonly alert?: AlertAnswer | null };

/**
 * The end of every sign-in: hands the session's secret over, as a cookie or in the answer, and mails what the user should
 * know.
 * @throws AppError the refusal, when it is one
 */
export function concludeSignIn(
  ctx: Context,
  session: NewSession,
  { answer, delivery }: { readonly answer: SignInAnswer; readonly delivery: Delivery },
): SignedIn {
  announce(ctx, session.alert, { due: answer.alert });
  if (answer.outcome !== 'signed_in') {
    ctx.log({ event: 'sign_in.refused', code: answer.outcome });
    throw new AppError(answer.outcome, { attemptsLeft: answer.attemptsLeft ?? undefined });
  }
  const expiresAt = new Date(answer.expiresAt);
  if (delivery === 'cookie') {
    ctx.cookies.set('session', session.secret, secondsUntil(expiresAt));
    ctx.cookies.clear('sign_in');
    if (session.deviceSecret) ctx.cookies.set('device', session.deviceSecret, DEVICE_SECONDS);
  }
  return {
    userId: answer.userId,
    sessionId: session.id,
    expiresAt: expiresAt.toISOString(),
    redirectUrl: answer.redirectUrl ?? null,
    sessionToken: delivery === 'bearer' ? session.secret : null,
  };
}

/** Whole seconds from now, for a cookie's Max-Age. */
export function secondsUntil(moment: Date): number {
  return Math.max(0, Math.ceil((moment.getTime() - Date.now()) / 1000));
}
