import type { Context as HonoContext } from 'hono';
import type { AppError } from '../../errors.ts';
import { safeRedirect } from '../../lib/redirects.ts';
import { describeError } from '../../trpc.ts';
import type { AppEnv } from '../open-context.ts';
import { needsSignIn } from './calls.ts';

/** Where whoever is not signed in goes first. `mailed` is a page that mails lead to. */
const signInFirst = {
  account: { without: '/sign-in?redirect_url=/account', ended: '/sign-in?redirect_url=/account&done=session_ended' },
  connections: {
    without: '/sign-in?redirect_url=/account/connections',
    ended: '/sign-in?redirect_url=/account/connections&done=session_ended',
  },
  integrations: {
    without: '/sign-in?redirect_url=/integrations',
    ended: '/sign-in?redirect_url=/integrations&done=session_ended',
  },
  // The empty fragment keeps the mail's secret from being taken along to a page that it is not for.
  mailed: { without: '/sign-in?redirect_url=/account&done=elsewhere#', ended: '/sign-in?done=session_ended#' },
} as const;

/** Runs a page of a signed-in person; whoever is not, signs in first. */
export async function guarded(
  c: HonoContext<AppEnv>,
  run: () => Response | Promise<Response>,
  kind: keyof typeof signInFirst = 'account',
): Promise<Response> {
  const ctx = c.get('ctx');
  if (!ctx.credential) return c.redirect(signInFirst[kind].without, 303);
  try {
    return await run();
  } catch (error) {
    if (!needsSignIn(describeError(error))) throw error;
    ctx.cookies.clear('session');
    return c.redirect(signInFirst[kind].ended, 303);
  }
}

/** Where to prove anew who one is, and come back to `home`, when a refusal asks for that; null for every other one. */
export function stepUpFor(refusal: AppError, home = '/account'): string | null {
  return refusal.code === 'step_up.required' ? `/step-up?redirect_url=${home}` : null;
}

/** An allowed address in its checked spelling, ours as a path; dropped when it is refused, so that no page carries it on. */
export function allowedRedirect(c: HonoContext<AppEnv>, candidate: string | undefined): string | undefined {
  const { settings } = c.get('ctx');
  const url = safeRedirect(candidate, settings) ?? undefined;
  return url?.startsWith(`${settings.publicUrl}/`) ? url.slice(settings.publicUrl.length) : url;
}

/** The same for a path of ours alone; /account when it is refused or absent. */
export function ownPath(c: HonoContext<AppEnv>, candidate: string | undefined): string {
  const url = allowedRedirect(c, candidate);
  return url?.startsWith('/') ? url : '/account';
}
