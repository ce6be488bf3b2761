import * as z from 'zod';
import { Uuid } from '../../lib/ids.ts';
import { emailAddress } from '../../lib/text.ts';

/** Where the secrets of a sign-in go: to a browser's HttpOnly cookies, or, for a CLI or a bot, into the answer. */
export const Delivery = z.enum(['cookie', 'bearer']);

const moment = z.iso.datetime();
const requestSecret = z.string().max(200).optional();

export const RequestMagicLinkInput = z.object({
  email: emailAddress,
  /** Where to go after sign-in: a path here, or an address of a trusted origin. */
  redirectUrl: z.string().max(2048).optional(),
  delivery: Delivery.default('cookie'),
});
export type RequestMagicLinkInput = z.infer<typeof RequestMagicLinkInput>;

export const MagicLinkRequested = z.object({
  expiresAt: moment,
  /** For `delivery: 'bearer'`: proves on verification that this caller asked. Null otherwise. */
  requestSecret: z.string().nullable(),
});
export type MagicLinkRequested = z.infer<typeof MagicLinkRequested>;

export const VerifyMagicLinkInput = z.object({
  token: z.string().min(1).max(200),
  requestSecret,
  delivery: Delivery.default('cookie'),
});
export type VerifyMagicLinkInput = z.infer<typeof VerifyMagicLinkInput>;

export const VerifyMagicCodeInput = z.object({
  code: z.string().regex(/^\d{6}$/, 'must be the six digits of the mail'),
  requestSecret,
  delivery: Delivery.default('cookie'),
});
export type VerifyMagicCodeInput = z.infer<typeof VerifyMagicCodeInput>;

export const SignedIn = z.object({
  userId: z.string(),
  sessionId: Uuid,
  expiresAt: moment,
  redirectUrl: z.string().nullable(),
  /** For `delivery: 'bearer'`: the session's secret, sent as `Authorization: Bearer`. Null otherwise. */
  sessionToken: z.string().nullable(),
});
export type SignedIn = z.infer<typeof SignedIn>;

export const SessionView = z.object({
  id: Uuid,
  authMethod: z.string(),
  deviceType: z.string().nullable(),
  deviceName: z.string().nullable(),
  browser: z.string().nullable(),
  os: z.string().nullable(),
  ipAddress: z.string().nullable(),
  city: z.string().nullable(),
  country: z.string().nullable(),
  createdAt: moment,
  lastActiveAt: moment,
  expiresAt: moment,
  /** Whether this is the session that asks. */
  isCurrent: z.boolean(),
});
export type SessionView = z.infer<typeof SessionView>;

export const CurrentSession = z.object({
  userId: z.string(),
  email: z.string().nullable(),
  displayName: z.string().nullable(),
  avatarUrl: z.string().nullable(),
  /** Null when the caller is an API token. */
  sessionId: Uuid.nullable(),
  expiresAt: moment.nullable(),
});
export type CurrentSession = z.infer<typeof CurrentSession>;

export const LoginEvent = z.object({
  id: Uuid,
  eventType: z.string(),
  authMethod: z.string().nullable(),
  ipAddress: z.string().nullable(),
  deviceName: z.string().nullable(),
  city: z.string().nullable(),
  country: z.string().nullable(),
  success: z.boolean(),
  failureReason: z.string().nullable(),
  createdAt: moment,
});
export type LoginEvent = z.infer<typeof LoginEvent>;
