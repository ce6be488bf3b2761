import { getProfile, updateProfile } from '../domain/account/profile.ts';
import { ProfileView, UpdateProfileInput } from '../domain/account/schemas.ts';
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
});
