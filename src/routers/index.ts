import { router } from '../trpc.ts';
import { account } from './account.ts';
import { auth } from './auth.ts';

/** The whole API. */
export const appRouter = router({ account, auth });

export type AppRouter = typeof appRouter;
