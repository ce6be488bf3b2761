import * as z from 'zod';
import { deletePasskey, listPasskeys, renamePasskey } from '../../domain/auth/passkeys/manage.ts';
import { finishPasskeyRegistration, startPasskeyRegistration } from '../../domain/auth/passkeys/register.ts';
import { finishPasskeySignIn, startPasskeySignIn } from '../../domain/auth/passkeys/sign-in.ts';
import {
  FinishPasskeyRegistrationInput,
  FinishPasskeySignInInput,
  PasskeyOptions,
  PasskeyView,
  RenamePasskeyInput,
} from '../../domain/auth/passkeys/views.ts';
import { SignedIn } from '../../domain/auth/schemas.ts';
import { STEP_UP_SECONDS } from '../../domain/auth/step-up.ts';
import { Uuid } from '../../lib/ids.ts';
import { publicProcedure, self } from '../../trpc.ts';

/** Passkeys: signing in by them, and having them. */
export const passkeys = {
  startPasskeySignIn: publicProcedure
    .meta({
      openapi: { method: 'POST', path: '/auth/passkeys/sign-in/options' },
      summary: 'Options for signing in by a passkey.',
    })
    .output(PasskeyOptions)
    .mutation(({ ctx }) => startPasskeySignIn(ctx)),

  finishPasskeySignIn: publicProcedure
    .meta({ openapi: { method: 'POST', path: '/auth/passkeys/sign-in' }, summary: 'Sign in by a passkey.' })
    .input(FinishPasskeySignInInput)
    .output(SignedIn)
    .mutation(({ ctx, input }) => finishPasskeySignIn(ctx, input)),

  startPasskeyRegistration: self({ freshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'POST', path: '/auth/passkeys/options' }, summary: 'Options for adding a passkey.' })
    .output(PasskeyOptions)
    .mutation(({ ctx }) => startPasskeyRegistration(ctx)),

  finishPasskeyRegistration: self({ freshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'POST', path: '/auth/passkeys' }, summary: 'Add a passkey.' })
    .input(FinishPasskeyRegistrationInput)
    .output(PasskeyView)
    .mutation(({ ctx, input }) => finishPasskeyRegistration(ctx, input)),

  listPasskeys: self({ scope: 'sessions:read' })
    .meta({ openapi: { method: 'GET', path: '/auth/passkeys' }, summary: 'Your passkeys.' })
    .output(z.object({ items: z.array(PasskeyView) }))
    .query(async ({ ctx }) => ({ items: await listPasskeys(ctx) })),

  renamePasskey: self({ freshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'PATCH', path: '/auth/passkeys/{passkeyId}' }, summary: 'Name a passkey.' })
    .input(RenamePasskeyInput)
    .output(PasskeyView)
    .mutation(({ ctx, input }) => renamePasskey(ctx, input)),

  deletePasskey: self({ freshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'DELETE', path: '/auth/passkeys/{passkeyId}' }, summary: 'Remove a passkey.' })
    .input(z.object({ passkeyId: Uuid }))
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await deletePasskey(ctx, input.passkeyId);
      return {};
    }),
};
