import * as z from 'zod';
import { startSocialLink, startSocialSignIn } from '../../domain/auth/social/begin.ts';
import { listSocialAccounts, unlinkSocialAccount } from '../../domain/auth/social/manage.ts';
import { listProviders } from '../../domain/auth/social/providers.ts';
import { BeginSocialInput, ProviderView, SocialAccountView, SocialBegun } from '../../domain/auth/social/views.ts';
import { STEP_UP_SECONDS } from '../../domain/auth/step-up.ts';
import { Uuid } from '../../lib/ids.ts';
import { publicProcedure, self } from '../../trpc.ts';

/** Accounts at providers: signing in by them, and linking them. The way back is `GET /oauth/callback/<provider>`. */
export const social = {
  listProviders: publicProcedure
    .meta({ openapi: { method: 'GET', path: '/auth/providers' }, summary: 'Providers one can sign in with here.' })
    .output(z.object({ items: z.array(ProviderView) }))
    .query(({ ctx }) => listProviders(ctx)),

  startSocialSignIn: publicProcedure
    .meta({ openapi: { method: 'POST', path: '/auth/social/sign-in' }, summary: 'Begin signing in with a provider.' })
    .input(BeginSocialInput)
    .output(SocialBegun)
    .mutation(({ ctx, input }) => startSocialSignIn(ctx, input)),

  startSocialLink: self({ freshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'POST', path: '/auth/social' }, summary: 'Begin linking an account at a provider.' })
    .input(BeginSocialInput)
    .output(SocialBegun)
    .mutation(({ ctx, input }) => startSocialLink(ctx, input)),

  listSocialAccounts: self({ scope: 'sessions:read' })
    .meta({ openapi: { method: 'GET', path: '/auth/social' }, summary: 'Your linked accounts at providers.' })
    .output(z.object({ items: z.array(SocialAccountView) }))
    .query(async ({ ctx }) => ({ items: await listSocialAccounts(ctx) })),

  unlinkSocialAccount: self({ freshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'DELETE', path: '/auth/social/{accountId}' }, summary: 'Unlink an account.' })
    .input(z.object({ accountId: Uuid }))
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await unlinkSocialAccount(ctx, input.accountId);
      return {};
    }),
};
