import * as z from 'zod';
import { Uuid } from '../../lib/ids.ts';
import { emailAddress } from '../../lib/text.ts';

/** Where the secrets of a sign-in go: to a browser's HttpOnly cookies, or, for a CLI or a bot, into the answer. */
export const Delivery = z
  .enum(['cookie', 'bearer'])
  .describe(
    'cookie, for browsers: secrets go into HttpOnly cookies. bearer, for programs: secrets come in the answer: requestSecret (in REST request_secret) when a mail is asked for, which the verifying call sends back beside the token or code of the mail; then sessionToken (session_token)',
  );
export type Delivery = z.infer<typeof Delivery>;

const moment = z.iso.datetime();
const requestSecret = z
  .string()
  .max(200)
  .optional()
  .describe('for delivery bearer: what the call that asked for the mail answered under this name');

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
  requestSecret: z
    .string()
    .nullable()
    .describe('for delivery bearer: sent back by the verifying call, beside the token or code of the mail; else null'),
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
  sessionToken: z.string().nullable().describe('for delivery bearer: send it as Authorization: Bearer …; else null'),
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

/**
 * What a history tells of. Requirement 3 §1.2 names the first three, and `password_reset`, which a service without
 * passwords never writes; the rest are changes of credentials.
 */
export const loginEventTypes = [
  'login_success',
  'login_failed',
  'logout',
  'session_revoked',
  'passkey_added',
  'passkey_removed',
  'account_linked',
  'account_unlinked',
  'email_changed',
  'token_created',
  'token_rotated',
  'token_revoked',
  'account_secured',
] as const;

export const LoginEvent = z.object({
  id: Uuid,
  /** One of `loginEventTypes`; a text, since imported histories have words of their own. */
  eventType: z.string(),
  /** magic_link, oauth, passkey or mfa (step-up). */
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

/** A mail on its way to prove something; its browser's half goes as `MagicLinkRequested` has it. */
export const ProofMailRequested = MagicLinkRequested;
export type ProofMailRequested = MagicLinkRequested;

export const StepUpStart = z.object({
  /** For `navigator.credentials.get`; null without a passkey. */
  passkeyOptions: z.record(z.string(), z.unknown()).nullable(),
  /** Whether a link can go to a verified address: `auth.requestStepUpMail`. */
  canMail: z.boolean(),
});
export type StepUpStart = z.infer<typeof StepUpStart>;

const token = z.string().min(1).max(200);
const code = z.string().regex(/^\d{6}$/, 'must be the six digits of the mail');
const exactlyOne = (...names: string[]) => ({
  message: `give exactly one of ${names.join(', ')}`,
  check: (input: object) => names.filter((name) => (input as Record<string, unknown>)[name] !== undefined).length === 1,
});

/** A mailed proof that came back: the mail's link (its token) or code, and the browser's secret. */
export const mailProof = {
  token: token.optional(),
  code: code.optional(),
  requestSecret,
  delivery: Delivery.default('cookie'),
};
const byMail = exactlyOne('token', 'code');
export const MailProofInput = z.object(mailProof).refine(byMail.check, byMail.message);
export type MailProofInput = z.infer<typeof MailProofInput>;

const byAnything = exactlyOne('response', 'token', 'code');
/** By a passkey (`response`, a browser's answer to the options), or by the link or code of a mail. */
export const StepUpInput = z
  .object({ response: z.record(z.string(), z.unknown()).optional(), ...mailProof })
  .refine(byAnything.check, byAnything.message);
export type StepUpInput = z.infer<typeof StepUpInput>;

export const SteppedUp = z.object({
  /** Until when changes of credentials, address and tokens are allowed. */
  freshUntil: moment,
  /** For `delivery: 'bearer'`: the session's new secret, which replaces the old one. Null otherwise. */
  sessionToken: z.string().nullable(),
});
export type SteppedUp = z.infer<typeof SteppedUp>;
