import { router } from '../trpc.ts';
import { account } from './account.ts';
import { auth } from './auth.ts';
import { oauth } from './oauth.ts';

/** The whole API. */
export const appRouter = router({ account, auth, oauth });

export type AppRouter = typeof appRouter;
