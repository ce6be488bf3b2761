import { getProfile, updateProfile } from '../domain/account/profile.ts';
import { EmailChanged, ProfileView, RequestEmailChangeInput, UpdateProfileInput } from '../domain/account/schemas.ts';
import { confirmEmailChange } from '../domain/account/change-email.ts';
import { MAGIC_LINK_SECONDS } from '../domain/auth/magic-link.ts';
import { requestEmailChange } from '../domain/auth/request-proof-mail.ts';
import { MailProofInput, ProofMailRequested } from '../domain/auth/schemas.ts';
import { STEP_UP_SECONDS } from '../domain/auth/step-up.ts';
import { router, self } from '../trpc.ts';

/** What a person says about themselves. */
export const account = router({
  getProfile: self({ scope: 'profile:read' })
    .meta({ openapi: { method: 'GET', path: '/account/profile' }, summary: 'Your profile.' })
    .output(ProfileView)
    .query(({ ctx }) => getProfile(ctx)),

  updateProfile: self({ scope: 'profile:write' })
    .meta({ openapi: { method: 'PATCH', path: '/account/profile' }, summary: 'Change fields of your profile.' })
    .input(UpdateProfileInput)
    .output(ProfileView)
    .mutation(({ ctx, input }) => updateProfile(ctx, input)),

  requestEmailChange: self({ freshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'POST', path: '/account/email' }, summary: 'Mail a proof to a new address.' })
    .input(RequestEmailChangeInput)
    .output(ProofMailRequested)
    .mutation(({ ctx, input }) => requestEmailChange(ctx, input)),

  // Asked for while fresh, and the mail is good for ten minutes more.
  confirmEmailChange: self({ freshWithin: STEP_UP_SECONDS + MAGIC_LINK_SECONDS })
    .meta({ openapi: { method: 'POST', path: '/account/email/confirm' }, summary: 'Make the new address yours.' })
    .input(MailProofInput)
    .output(EmailChanged)
    .mutation(({ ctx, input }) => confirmEmailChange(ctx, input)),
});
