import { router } from '../trpc.ts';
import { magicLinks } from './auth/magic-links.ts';
import { passkeys } from './auth/passkeys.ts';
import { sessions } from './auth/sessions.ts';
import { social } from './auth/social.ts';
import { stepUp } from './auth/step-up.ts';
import { tokens } from './auth/tokens.ts';

/** Sign-in and what comes of it. */
export const auth = router({ ...magicLinks, ...passkeys, ...social, ...sessions, ...stepUp, ...tokens });
