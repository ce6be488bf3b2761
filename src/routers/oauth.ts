import * as z from 'zod';
import { STEP_UP_SECONDS } from '../domain/auth/step-up.ts';
import { listConnectors } from '../domain/oauth/connectors.ts';
import { getKeyCoverage } from '../domain/oauth/reseal.ts';
import { ConnectorView, KeyCoverage } from '../domain/oauth/views.ts';
import { platform, publicProcedure, router } from '../trpc.ts';
import { apps } from './oauth/apps.ts';
import { connections } from './oauth/connections.ts';

/** The vault of provider tokens: what can be connected, what a user has connected, what an organisation has. */
export const oauth = router({
  connectors: router({
    list: publicProcedure
      .meta({ openapi: { method: 'GET', path: '/oauth/connectors' }, summary: 'What accounts can be connected here.' })
      .output(z.object({ items: z.array(ConnectorView) }))
      .query(({ ctx }) => listConnectors(ctx)),
  }),

  connections: router(connections),
  apps: router(apps),

  getKeyCoverage: platform({ scope: 'admin:read', sessionFreshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'GET', path: '/admin/oauth/keys' }, summary: 'Which keys the vault is sealed under.' })
    .output(KeyCoverage)
    .query(({ ctx }) => getKeyCoverage(ctx)),
});
