import { router } from '../trpc.ts';
import { account } from './account.ts';
import { auth } from './auth.ts';
import { integrations } from './integrations.ts';
import { oauth } from './oauth.ts';

/** The whole API. */
export const appRouter = router({ account, auth, integrations, oauth });

export type AppRouter = typeof appRouter;
