import type { GatedContext } from '../../../context.ts';
import { firstValue, plain } from '../../../db/statement.ts';
import { AppError } from '../../../errors.ts';
import { fromHex, toBase64Url, toHex } from '../../../lib/secrets.ts';
import { applyChange, newChange } from '../changes.ts';
import { registrationOptions, relyingParty, verifyRegistration } from './ceremony.ts';
import { answeredChallenge, newChallenge } from './challenge.ts';
import type { FinishPasskeyRegistrationInput, PasskeyOptions, PasskeyView } from './views.ts';

/** As many as Supabase, Hanko and Clerk allow. `gatehouse.register_passkey` holds it. */
const MAX_PASSKEYS = 10;
const HANDLE_BYTES = 64;

/** The passkeys of a user as SQL gives them, for WebAuthn options. */
export interface PasskeyId {
  readonly credentialId: string;
  readonly transports: string[] | null;
}

interface Registrant {
  readonly handle: string;
  readonly email: string | null;
  readonly displayName: string | null;
  readonly passkeys: readonly PasskeyId[];
}

/** Options for adding a passkey. One trip, which gives the user their handle at the first. */
export async function startPasskeyRegistration(ctx: GatedContext): Promise<PasskeyOptions> {
  const handle = toHex(crypto.getRandomValues(new Uint8Array(HANDLE_BYTES)));
  const [rows] = await ctx.gate(() => [
    plain("select gatehouse.begin_passkey_registration(decode($1, 'hex')) as registrant", [handle]),
  ]);
  const registrant = firstValue<Registrant | null>(rows, 'registrant');
  if (!registrant) throw new AppError('user.not_found');
  if (registrant.passkeys.length >= MAX_PASSKEYS) throw new AppError('passkey.limit_reached');
  const options = await registrationOptions(relyingParty(ctx.settings), {
    handle: fromHex(registrant.handle),
    name: registrant.email ?? registrant.displayName ?? 'account',
    displayName: registrant.displayName ?? registrant.email ?? 'Your account',
    challenge: await newChallenge(ctx, 'passkey.registration'),
    registered: registrant.passkeys.map(bytesOf),
  });
  return { options: { ...options } };
}

/** A passkey as ceremony.ts takes it. */
export function bytesOf({ credentialId, transports }: PasskeyId) {
  return { credentialId: fromHex(credentialId), transports: transports ?? [] };
}

/** Adds the passkey that answers the options, and tells the owner. One trip. @throws passkey.* naming what is wrong */
export async function finishPasskeyRegistration(
  ctx: GatedContext,
  input: FinishPasskeyRegistrationInput,
): Promise<PasskeyView> {
  const challenge = await answeredChallenge(ctx, 'passkey.registration', input.response);
  const made = await verifyRegistration(relyingParty(ctx.settings), input.response, challenge.text);
  const change = await newChange(ctx, 'passkey');
  const id = await ctx.operation.id('passkey.id');
  const name = input.name ?? made.name;
  const { counter, transports, backedUp } = made;
  const row = {
    ...challenge.row,
    id,
    operationId: id,
    credentialId: toHex(made.credentialId),
    publicKey: toHex(made.publicKey),
    aaguid: toHex(made.aaguid),
    name,
    counter,
    transports,
    backedUp,
  };
  const params = [JSON.stringify(row), JSON.stringify(change.facts)];
  const statement = plain('select gatehouse.register_passkey($1::jsonb, $2::jsonb) as answer', params);
  await applyChange(ctx, change, { statement, done: 'registered', detail: () => name });
  const createdAt = new Date().toISOString();
  return { id, credentialId: toBase64Url(made.credentialId), name, backedUp, transports, createdAt, lastUsedAt: null };
}
