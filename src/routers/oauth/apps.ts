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
import { organization } from '../../trpc.ts';

/** Apps that an organisation has connected. Members see them; administrators use and change them. */
export const apps = {
  connect: organization('admin', { freshWithin: STEP_UP_SECONDS })
    .meta({
      openapi: { method: 'POST', path: '/organizations/{organizationId}/apps' },
      summary: 'Begin connecting an app.',
    })
    .input(ConnectInput)
    .output(ConnectBegun)
    .mutation(({ ctx, input }) => startConnect(ctx, input)),

  list: organization('member', { scope: 'connections:read' })
    .meta({
      openapi: { method: 'GET', path: '/organizations/{organizationId}/apps' },
      summary: 'Connected apps of an organisation.',
    })
    .input(ListInput)
    .output(z.object({ items: z.array(ConnectionView) }))
    .query(async ({ ctx, input }) => ({ items: await listConnections(ctx, 'organization', input.connector) })),

  getToken: organization('admin', { scope: 'connections:token', sessionFreshWithin: STEP_UP_SECONDS })
    .meta({
      openapi: { method: 'GET', path: '/organizations/{organizationId}/apps/token' },
      summary: 'An access token that works, refreshed first when it is due. Never the refresh token.',
    })
    .input(GetTokenInput)
    .output(ValidToken)
    .query(({ ctx, input }) => getValidToken(ctx, input)),

  get: organization('member', { scope: 'connections:read' })
    .meta({
      openapi: { method: 'GET', path: '/organizations/{organizationId}/apps/{connectionId}' },
      summary: 'One connected app.',
    })
    .input(ConnectionId)
    .output(ConnectionView)
    .query(({ ctx, input }) => getConnection(ctx, 'organization', input.connectionId)),

  explain: organization('member', { scope: 'connections:read' })
    .meta({
      openapi: { method: 'GET', path: '/organizations/{organizationId}/apps/{connectionId}/explain' },
      summary: 'How an app is, and why: its status with the evidence.',
    })
    .input(ConnectionId)
    .output(ConnectionExplained)
    .query(({ ctx, input }) => explainConnection(ctx, 'organization', input.connectionId)),

  refresh: organization('admin', { scope: 'connections:write' })
    .meta({
      openapi: { method: 'POST', path: '/organizations/{organizationId}/apps/{connectionId}/refresh' },
      summary: 'Refresh an app now.',
    })
    .input(ConnectionId)
    .output(RefreshedView)
    .mutation(({ ctx, input }) => refreshByHand(ctx, input.connectionId)),

  makePrimary: organization('admin', { scope: 'connections:write' })
    .meta({
      openapi: { method: 'POST', path: '/organizations/{organizationId}/apps/{connectionId}/primary' },
      summary: 'Make it the one that is meant when no account is named.',
    })
    .input(ConnectionId)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await makePrimary(ctx, input.connectionId);
      return {};
    }),

  disconnect: organization('admin', { scope: 'connections:write' })
    .meta({
      openapi: { method: 'DELETE', path: '/organizations/{organizationId}/apps/{connectionId}' },
      summary: 'Disconnect an app: its tokens go at once, and the provider is told.',
    })
    .input(ConnectionId)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await disconnect(ctx, input.connectionId);
      return {};
    }),
};
