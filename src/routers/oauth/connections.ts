import * as z from 'zod';
import { STEP_UP_SECONDS } from '../../domain/auth/step-up.ts';
import { startConnect } from '../../domain/oauth/connect.ts';
import { getValidToken } from '../../domain/oauth/get-valid-token.ts';
import {
  disconnect,
  explainConnection,
  getConnection,
  listConnections,
  makePrimary,
} from '../../domain/oauth/manage.ts';
import { refreshByHand } from '../../domain/oauth/refresh-by-hand.ts';
import {
  ConnectBegun,
  ConnectInput,
  ConnectionExplained,
  ConnectionId,
  ConnectionView,
  GetTokenInput,
  ListInput,
  RefreshedView,
  ValidToken,
} from '../../domain/oauth/views.ts';
import { self, user } from '../../trpc.ts';

/** Accounts that a person has connected. To connect takes that person and their browser. */
export const connections = {
  connect: self({ freshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'POST', path: '/oauth/connections' }, summary: 'Begin connecting an account.' })
    .input(ConnectInput)
    .output(ConnectBegun)
    .mutation(({ ctx, input }) => startConnect(ctx, input)),

  list: user({ scope: 'connections:read' })
    .meta({ openapi: { method: 'GET', path: '/users/{userId}/connections' }, summary: 'Connected accounts of a user.' })
    .input(ListInput)
    .output(z.object({ items: z.array(ConnectionView) }))
    .query(async ({ ctx, input }) => ({ items: await listConnections(ctx, 'user', input.connector) })),

  getToken: user({ scope: 'connections:token', sessionFreshWithin: STEP_UP_SECONDS })
    .meta({
      openapi: { method: 'GET', path: '/users/{userId}/connections/token' },
      summary: 'An access token that works, refreshed first when it is due. Never the refresh token.',
    })
    .input(GetTokenInput)
    .output(ValidToken)
    .query(({ ctx, input }) => getValidToken(ctx, input)),

  get: user({ scope: 'connections:read' })
    .meta({
      openapi: { method: 'GET', path: '/users/{userId}/connections/{connectionId}' },
      summary: 'One connected account.',
    })
    .input(ConnectionId)
    .output(ConnectionView)
    .query(({ ctx, input }) => getConnection(ctx, 'user', input.connectionId)),

  explain: user({ scope: 'connections:read' })
    .meta({
      openapi: { method: 'GET', path: '/users/{userId}/connections/{connectionId}/explain' },
      summary: 'How an account is, and why: its status with the evidence.',
    })
    .input(ConnectionId)
    .output(ConnectionExplained)
    .query(({ ctx, input }) => explainConnection(ctx, 'user', input.connectionId)),

  refresh: user({ scope: 'connections:write' })
    .meta({
      openapi: { method: 'POST', path: '/users/{userId}/connections/{connectionId}/refresh' },
      summary: 'Refresh an account now.',
    })
    .input(ConnectionId)
    .output(RefreshedView)
    .mutation(({ ctx, input }) => refreshByHand(ctx, input.connectionId)),

  makePrimary: user({ scope: 'connections:write' })
    .meta({
      openapi: { method: 'POST', path: '/users/{userId}/connections/{connectionId}/primary' },
      summary: 'Make it the one that is meant when no account is named.',
    })
    .input(ConnectionId)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await makePrimary(ctx, input.connectionId);
      return {};
    }),

  disconnect: user({ scope: 'connections:write' })
    .meta({
      openapi: { method: 'DELETE', path: '/users/{userId}/connections/{connectionId}' },
      summary: 'Disconnect an account: its tokens go at once, and the provider is told.',
    })
    .input(ConnectionId)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await disconnect(ctx, input.connectionId);
      return {};
    }),
};
