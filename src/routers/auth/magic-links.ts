import { requestMagicLink } from '../../domain/auth/request-magic-link.ts';
import {
  MagicLinkRequested,
  RequestMagicLinkInput,
  SignedIn,
  VerifyMagicCodeInput,
  VerifyMagicLinkInput,
} from '../../domain/auth/schemas.ts';
import { verifyMagicCode, verifyMagicLink } from '../../domain/auth/verify-magic-link.ts';
import { publicProcedure } from '../../trpc.ts';

/** Signing in by mail. */
export const magicLinks = {
  requestMagicLink: publicProcedure
    .meta({ openapi: { method: 'POST', path: '/auth/magic-links' }, summary: 'Mail a sign-in link and code.' })
    .input(RequestMagicLinkInput)
    .output(MagicLinkRequested)
    .mutation(({ ctx, input }) => requestMagicLink(ctx, input)),

  verifyMagicLink: publicProcedure
    .meta({ openapi: { method: 'POST', path: '/auth/magic-links/verify' }, summary: 'Sign in by the link of a mail.' })
    .input(VerifyMagicLinkInput)
    .output(SignedIn)
    .mutation(({ ctx, input }) => verifyMagicLink(ctx, input)),

  verifyMagicCode: publicProcedure
    .meta({
      openapi: { method: 'POST', path: '/auth/magic-links/verify-code' },
      summary: 'Sign in by the code of a mail.',
    })
    .input(VerifyMagicCodeInput)
    .output(SignedIn)
    .mutation(({ ctx, input }) => verifyMagicCode(ctx, input)),
};
