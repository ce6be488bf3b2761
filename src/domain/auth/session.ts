import type { Context } from '../../context.ts';
import { SESSION_PREFIX } from '../../lib/credentials.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import type { Maker } from '../idempotency.ts';
import type { SignedIn } from './schemas.ts';

/** How long a session lasts, in seconds: at the most, and without use (NIST 800-63B AAL1: 30 days). */
export const sessionProfile = { absoluteSeconds: 30 * 24 * 3600, idleSeconds: 7 * 24 * 3600 } as const;

/** A session about to be made: its secret, and what `gatehouse.create_session` is told. */
export interface NewSession {
  readonly id: string;
  readonly secret: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/** A new credential for every sign-in (ASVS 7.2.4). The secret stays in the Worker; its SHA-256 is stored. */
export async function newSession(ctx: Context, maker: Maker, authMethod: string): Promise<NewSession> {
  const id = await maker.id('session.id');
  const secret = SESSION_PREFIX + (await maker.secret('session.secret'));
  const { deviceType, deviceName, browser, os } = ctx.facts.device();
  const row = {
    id,
    tokenHash: await sha256Hex(secret),
    authMethod,
    deviceType,
    deviceName,
    browser,
    os,
    city: ctx.facts.location().city,
    country: ctx.facts.location().country,
    ...sessionProfile,
    ...requestRecord(ctx),
  };
  return { id, secret, row };
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

/** Hands the session's secret over, as a cookie or in the answer. */
export function deliverSession(
  ctx: Context,
  session: NewSession,
  signedIn: Omit<SignedIn, 'sessionId' | 'sessionToken'> & { delivery: 'cookie' | 'bearer' },
): SignedIn {
  const { delivery, ...rest } = signedIn;
  if (delivery === 'cookie') {
    ctx.cookies.set('session', session.secret, sessionProfile.absoluteSeconds);
    ctx.cookies.clear('sign_in');
  }
  return { ...rest, sessionId: session.id, sessionToken: delivery === 'bearer' ? session.secret : null };
}
