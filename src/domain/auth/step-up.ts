import type { GatedContext } from '../../context.ts';
import { firstValue, plain, type PlainStatement } from '../../db/statement.ts';
import { AppError, type ErrorCode } from '../../errors.ts';
import { parseCredential } from '../../lib/credentials.ts';
import { sha256Hex, toHex } from '../../lib/secrets.ts';
import { type Change, newChange } from './changes.ts';
import { announce } from './alerts.ts';
import { type MailProof, returnedProof } from './mail-proof.ts';
import { assertedCredential, assertionOptions, relyingParty } from './passkeys/ceremony.ts';
import { answeredChallenge, newChallenge } from './passkeys/challenge.ts';
import { checkAssertion, type KnownPasskey } from './passkeys/check-assertion.ts';
import { bytesOf, type PasskeyId } from './passkeys/register.ts';
import { secondsUntil, type SignInAnswer, sessionSecret } from './session.ts';
import type { Delivery, SteppedUp, StepUpInput, StepUpStart } from './schemas.ts';

/** How long a proof counts for changes of credentials, address and tokens, in seconds (Clerk; ASVS 7.5.1). */
export const STEP_UP_SECONDS = 600;

/** The same at the end of a redirect to a provider: it is begun fresh, and its state lives ten minutes. */
export const REDIRECT_FRESH_SECONDS = STEP_UP_SECONDS + 600;

/** By what the caller can prove anew who they are. One trip. */
export async function startStepUp(ctx: GatedContext): Promise<StepUpStart> {
  const [rows] = await ctx.gate(() => [plain('select gatehouse.begin_step_up() as start')]);
  const start = firstValue<{ passkeys: PasskeyId[]; hasVerifiedEmail: boolean } | null>(rows, 'start');
  if (!start) throw new AppError('user.not_found');
  if (start.passkeys.length === 0) return { passkeyOptions: null, canMail: start.hasVerifiedEmail };
  const challenge = await newChallenge(ctx, 'passkey.step_up');
  const options = await assertionOptions(relyingParty(ctx.settings), {
    challenge,
    allowed: start.passkeys.map(bytesOf),
  });
  return { passkeyOptions: { ...options }, canMail: start.hasVerifiedEmail };
}

/**
 * Proves anew who the caller is: by a passkey (two trips: its public key is read before the signature can be checked),
 * or by the link or code of a mail (one). The session gets a new secret (ASVS 7.2.4), as a cookie or in the answer.
 */
export async function stepUp(ctx: GatedContext, input: StepUpInput): Promise<SteppedUp> {
  const change = await newChange(ctx, 'mfa');
  const { response, delivery } = input;
  const statement = response ? await byPasskey(ctx, response) : byMail(await returnedProof(ctx, input));
  return finish(ctx, change, { delivery, statement });
}

type Prepare = (change: Change, tokenHash: string) => PlainStatement;

function byMail(proof: MailProof): Prepare {
  return (change, tokenHash) =>
    plain('select gatehouse.step_up_by_mail($1::jsonb, $2::jsonb) as answer', [
      JSON.stringify(proof.row),
      JSON.stringify({ ...change.facts, tokenHash }),
    ]);
}

async function byPasskey(ctx: GatedContext, response: Record<string, unknown>): Promise<Prepare> {
  const challenge = await answeredChallenge(ctx, 'passkey.step_up', response);
  const { credentialId } = assertedCredential(response);
  const [rows] = await ctx.gate(() => [
    plain(
      `select jsonb_build_object('id', id, 'publicKey', encode(public_key, 'hex')) as passkey from passkeys
        where user_id = (select gatehouse.uid()) and credential_id = decode($1, 'hex')`,
      [toHex(credentialId)],
    ),
  ]);
  const passkey = firstValue<KnownPasskey | undefined>(rows, 'passkey');
  if (!passkey) throw new AppError('passkey.unknown');
  const checked = await checkAssertion(ctx, { response, passkey, challenge });
  return (change, tokenHash) => {
    const proof = { ...challenge.row, passkeyId: passkey.id, operationId: change.facts['eventId'], ...checked };
    return plain('select gatehouse.step_up_by_passkey($1::jsonb, $2::jsonb) as answer', [
      JSON.stringify(proof),
      JSON.stringify({ ...change.facts, tokenHash }),
    ]);
  };
}

async function finish(
  ctx: GatedContext,
  change: Change,
  step: { readonly delivery: Delivery; readonly statement: Prepare },
): Promise<SteppedUp> {
  const secret = await sessionSecret(ctx.operation);
  const statement = step.statement(change, await sha256Hex(secret));
  const answer = await ctx
    .gate(() => [statement])
    .then(([rows]) => firstValue<StepUpAnswer>(rows, 'answer'))
    .catch((error: unknown) => answerOfNewSecret(ctx, secret, error));
  announce(ctx, change.alert, { due: answer.alert });
  if (!('expiresAt' in answer)) {
    const code = answer.outcome as ErrorCode;
    ctx.log({ event: 'step_up.refused', code });
    throw new AppError(code, { attemptsLeft: answer.attemptsLeft ?? undefined });
  }
  const expiresAt = new Date(answer.expiresAt);
  if (step.delivery === 'cookie') ctx.cookies.set('session', secret, secondsUntil(expiresAt));
  return {
    freshUntil: new Date(Date.now() + STEP_UP_SECONDS * 1000).toISOString(),
    sessionToken: step.delivery === 'bearer' ? secret : null,
  };
}

type StepUpAnswer =
  | { readonly outcome: 'stepped_up'; readonly expiresAt: string; readonly alert?: undefined }
  | Exclude<SignInAnswer, { outcome: 'signed_in' }>;

/** When the answer of a step-up was lost, the old secret is not known any more; the new one then says that it is done. */
async function answerOfNewSecret(ctx: GatedContext, secret: string, error: unknown): Promise<StepUpAnswer> {
  const credential = parseCredential(secret);
  if (!(error instanceof AppError) || error.code !== 'credential.invalid' || !credential) throw error;
  const gate = ctx.memberGate(credential, { subject: 'self', freshWithin: STEP_UP_SECONDS });
  const [rows] = await gate(() => [plain('select gatehouse.current_session() as session')]).catch(() => {
    throw error;
  });
  const { expiresAt } = firstValue<{ expiresAt: string }>(rows, 'session');
  return { outcome: 'stepped_up', expiresAt };
}
