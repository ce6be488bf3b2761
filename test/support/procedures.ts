import { listProcedures, type ProcedureInfo as Listed } from '../../src/http/rest/procedures.ts';
import { appRouter } from '../../src/routers/index.ts';
import type { Access } from '../../src/trpc.ts';

/** One procedure of the API, as tests that hold for all of them see it. */
export interface ProcedureInfo extends Listed {
  readonly path: string;
  readonly access: Access | undefined;
}

/** Every procedure there is. */
export function allProcedures(): ProcedureInfo[] {
  return listProcedures(appRouter).map((procedure) => ({
    ...procedure,
    path: procedure.name,
    access: procedure.meta.access,
  }));
}

/** The procedures that anyone may call without a credential. Each addition is a decision. */
export const publicProcedures = [
  'auth.finishPasskeySignIn',
  'auth.listProviders',
  // The secret of a mailed alert is the credential of both: whoever was locked out by a thief must reach them.
  'auth.previewNotMe',
  'auth.reportNotMe',
  'auth.requestMagicLink',
  'auth.startPasskeySignIn',
  'auth.startSocialSignIn',
  'auth.verifyMagicCode',
  'auth.verifyMagicLink',
  'integrations.services',
  'oauth.connectors.list',
];

/** What looks at a passkey's answer before it asks the database: a made-up one is refused whoever brings it. */
export const checksPasskeyFirst = ['auth.finishPasskeyRegistration'];
