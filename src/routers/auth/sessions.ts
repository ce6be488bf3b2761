import * as z from 'zod';
import { revokeOtherSessions, revokeSession, signOut } from '../../domain/auth/commands.ts';
import { getSession, listLoginHistory, listSessions } from '../../domain/auth/queries.ts';
import { CurrentSession, LoginEvent, SessionView } from '../../domain/auth/schemas.ts';
import { Uuid } from '../../lib/ids.ts';
import { page, pageInput } from '../../lib/paging.ts';
import { self } from '../../trpc.ts';

/** Where one is signed in, and what happened. */
export const sessions = {
  getSession: self({ scope: 'profile:read' })
    .meta({ openapi: { method: 'GET', path: '/auth/session' }, summary: 'Who is calling.' })
    .output(CurrentSession)
    .query(({ ctx }) => getSession(ctx)),

  listSessions: self({ scope: 'sessions:read' })
    .meta({ openapi: { method: 'GET', path: '/auth/sessions' }, summary: 'Where you are signed in.' })
    .output(z.object({ items: z.array(SessionView) }))
    .query(async ({ ctx }) => ({ items: await listSessions(ctx) })),

  revokeSession: self({ scope: 'sessions:write' })
    .meta({ openapi: { method: 'DELETE', path: '/auth/sessions/{sessionId}' }, summary: 'End one session.' })
    .input(z.object({ sessionId: Uuid }))
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await revokeSession(ctx, input.sessionId);
      return {};
    }),

  revokeOtherSessions: self({ scope: 'sessions:write' })
    .meta({ openapi: { method: 'POST', path: '/auth/sessions/revoke-others' }, summary: 'End every other session.' })
    .output(z.object({ revoked: z.int() }))
    .mutation(({ ctx }) => revokeOtherSessions(ctx)),

  signOut: self()
    .meta({ openapi: { method: 'POST', path: '/auth/sign-out' }, summary: 'End this session.' })
    .output(z.object({}))
    .mutation(async ({ ctx }) => {
      await signOut(ctx);
      return {};
    }),

  listLoginHistory: self({ scope: 'sessions:read' })
    .meta({ openapi: { method: 'GET', path: '/auth/login-history' }, summary: 'Your sign-ins, newest first.' })
    .input(pageInput)
    .output(page(LoginEvent))
    .query(({ ctx, input }) => listLoginHistory(ctx, input)),
};
