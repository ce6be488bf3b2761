import * as z from 'zod';
import { previewNotMe, reportNotMe } from '../../domain/auth/report-not-me.ts';
import { PreviewNotMeInput, Reported, ReportNotMeInput, ReportPreview } from '../../domain/auth/report-views.ts';
import { requestStepUpMail } from '../../domain/auth/request-proof-mail.ts';
import { Delivery, ProofMailRequested, SteppedUp, StepUpInput, StepUpStart } from '../../domain/auth/schemas.ts';
import { startStepUp, stepUp as proveAnew } from '../../domain/auth/step-up.ts';
import { publicProcedure, self } from '../../trpc.ts';

/** Proving anew who one is, and saying that it was somebody else. */
export const stepUp = {
  startStepUp: self()
    .meta({ openapi: { method: 'POST', path: '/auth/step-up/options' }, summary: 'By what you can prove who you are.' })
    .output(StepUpStart)
    .mutation(({ ctx }) => startStepUp(ctx)),

  requestStepUpMail: self()
    .meta({ openapi: { method: 'POST', path: '/auth/step-up/mails' }, summary: 'Mail a link and a code for that.' })
    .input(z.object({ delivery: Delivery.default('cookie') }))
    .output(ProofMailRequested)
    .mutation(({ ctx, input }) => requestStepUpMail(ctx, input)),

  stepUp: self()
    .meta({ openapi: { method: 'POST', path: '/auth/step-up' }, summary: 'Prove anew who you are.' })
    .input(StepUpInput)
    .output(SteppedUp)
    .mutation(({ ctx, input }) => proveAnew(ctx, input)),

  previewNotMe: publicProcedure
    .meta({
      openapi: { method: 'POST', path: '/auth/not-me/preview' },
      summary: 'From a mail about the account: what a report would undo. Changes nothing.',
    })
    .input(PreviewNotMeInput)
    .output(ReportPreview)
    .mutation(({ ctx, input }) => previewNotMe(ctx, input)),

  reportNotMe: publicProcedure
    .meta({
      openapi: { method: 'POST', path: '/auth/not-me' },
      summary: 'From a mail about the account: end every session and undo what was added since.',
    })
    .input(ReportNotMeInput)
    .output(Reported)
    .mutation(({ ctx, input }) => reportNotMe(ctx, input)),
};
