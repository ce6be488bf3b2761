import * as z from 'zod';
import { Uuid } from '../../../lib/ids.ts';
import { nameText } from '../../../lib/text.ts';
import { Delivery } from '../schemas.ts';

/** What a browser's `PublicKeyCredential.toJSON()` gives. Read by ceremony.ts, which names what is wrong with it. */
export const PasskeyResponse = z.record(z.string(), z.unknown());

/** What a browser's `parseCreationOptionsFromJSON` or `parseRequestOptionsFromJSON` takes. */
export const PasskeyOptions = z.object({ options: z.record(z.string(), z.unknown()) });
export type PasskeyOptions = z.infer<typeof PasskeyOptions>;

/** People's name for a passkey. */
export const PasskeyName = nameText({ min: 1, max: 120 });

export const FinishPasskeyRegistrationInput = z.object({ response: PasskeyResponse, name: PasskeyName.optional() });
export type FinishPasskeyRegistrationInput = z.infer<typeof FinishPasskeyRegistrationInput>;

export const FinishPasskeySignInInput = z.object({ response: PasskeyResponse, delivery: Delivery.default('cookie') });
export type FinishPasskeySignInInput = z.infer<typeof FinishPasskeySignInInput>;

export const RenamePasskeyInput = z.object({ passkeyId: Uuid, name: PasskeyName });
export type RenamePasskeyInput = z.infer<typeof RenamePasskeyInput>;

const moment = z.iso.datetime();

export const PasskeyView = z.object({
  id: Uuid,
  /** base64url, as browsers spell it: for `PublicKeyCredential.signalAllAcceptedCredentials`. */
  credentialId: z.string(),
  name: z.string().nullable(),
  /** Whether its provider keeps it in several devices. */
  backedUp: z.boolean(),
  transports: z.array(z.string()),
  createdAt: moment,
  lastUsedAt: moment.nullable(),
});
export type PasskeyView = z.infer<typeof PasskeyView>;
