import * as z from 'zod';
import { STEP_UP_SECONDS } from '../domain/auth/step-up.ts';
import { cleanUp, findIncomplete } from '../domain/integrations/admin.ts';
import { bulkLink, bulkUnlink } from '../domain/integrations/bulk.ts';
import { getServiceToken } from '../domain/integrations/get-token.ts';
import { getUser } from '../domain/integrations/get-user.ts';
import {
  BulkLinkInput,
  BulkUnlinkInput,
  CleanupInput,
  FindIncompleteInput,
  IntegrationId,
  LinkInput,
  ListIntegrationsInput,
  ServiceInput,
  ServiceTokenInput,
  UpdateIntegrationInput,
} from '../domain/integrations/inputs.ts';
import { linkIntegration } from '../domain/integrations/link.ts';
import { unlinkIntegration, updateIntegration } from '../domain/integrations/manage.ts';
import { getIntegration, getStats, hasService, listIntegrations } from '../domain/integrations/queries.ts';
import { listServices } from '../domain/integrations/services.ts';
import {
  BulkLinked,
  BulkUnlinked,
  CleanupView,
  HasServiceView,
  IncompleteView,
  IntegrationView,
  ServiceToken,
  ServiceView,
  StatsView,
  UserView,
} from '../domain/integrations/views.ts';
import { page } from '../lib/paging.ts';
import { platform, publicProcedure, router, user } from '../trpc.ts';

const reads = user({ scope: 'integrations:read' });
const writes = user({ scope: 'integrations:write' });
/** What hands out a secret, or adds an account: a session must be fresh for it. */
const links = user({ scope: 'integrations:write', sessionFreshWithin: STEP_UP_SECONDS });

/** Services that users link, with any number of accounts of each (requirement 1). */
export const integrations = router({
  services: publicProcedure
    .meta({ openapi: { method: 'GET', path: '/services' }, summary: 'What can be linked.' })
    .output(z.object({ items: z.array(ServiceView) }))
    .query(({ ctx }) => listServices(ctx)),

  getUser: reads
    .meta({ openapi: { method: 'GET', path: '/users/{userId}' }, summary: 'A user with all linked services.' })
    .output(UserView)
    .query(({ ctx }) => getUser(ctx)),

  list: reads
    .meta({
      openapi: { method: 'GET', path: '/users/{userId}/integrations', isRevalidated: true },
      summary: 'Linked accounts of a user and how they are, never their tokens.',
    })
    .input(ListIntegrationsInput)
    .output(page(IntegrationView))
    .query(({ ctx, input }) => listIntegrations(ctx, input)),

  get: reads
    .meta({
      openapi: { method: 'GET', path: '/users/{userId}/integrations/{integrationId}' },
      summary: 'One linked account.',
    })
    .input(IntegrationId)
    .output(IntegrationView)
    .query(({ ctx, input }) => getIntegration(ctx, input.integrationId)),

  stats: reads
    .meta({
      openapi: { method: 'GET', path: '/users/{userId}/integrations/stats' },
      summary: 'Counts over the linked accounts of a user.',
    })
    .output(StatsView)
    .query(({ ctx }) => getStats(ctx)),

  has: reads
    .meta({
      openapi: { method: 'GET', path: '/users/{userId}/services/{service}' },
      summary: 'Whether a user has an active account of a service, and a token that works.',
    })
    .input(ServiceInput)
    .output(HasServiceView)
    .query(({ ctx, input }) => hasService(ctx, input.service)),

  getToken: user({ scope: 'connections:token', sessionFreshWithin: STEP_UP_SECONDS })
    .meta({
      openapi: { method: 'GET', path: '/users/{userId}/services/{service}/token' },
      summary: 'An access token of a linked service, refreshed first when it is due. Never the refresh token.',
    })
    .input(ServiceTokenInput)
    .output(ServiceToken)
    .query(({ ctx, input }) => getServiceToken(ctx, input)),

  link: links
    .meta({
      openapi: { method: 'POST', path: '/users/{userId}/integrations' },
      summary: 'Link an account of a service: by tokens and ids, or by a connected account.',
    })
    .input(LinkInput)
    .output(IntegrationView)
    .mutation(({ ctx, input }) => linkIntegration(ctx, input)),

  update: writes
    .meta({
      openapi: { method: 'PUT', path: '/users/{userId}/integrations/{integrationId}' },
      summary: 'Change the given fields of a linked account.',
    })
    .input(UpdateIntegrationInput)
    .output(IntegrationView)
    .mutation(({ ctx, input }) => updateIntegration(ctx, input)),

  unlink: writes
    .meta({
      openapi: { method: 'DELETE', path: '/users/{userId}/integrations/{integrationId}' },
      summary: 'Disconnect a linked account softly: it can be linked again as it was.',
    })
    .input(IntegrationId)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await unlinkIntegration(ctx, input);
      return {};
    }),

  bulkLink: links
    .meta({
      openapi: { method: 'POST', path: '/users/{userId}/integrations/bulk' },
      summary: 'Link up to a thousand accounts; each item is answered by itself.',
    })
    .input(BulkLinkInput)
    .output(BulkLinked)
    .mutation(({ ctx, input }) => bulkLink(ctx, input)),

  bulkUnlink: writes
    .meta({
      openapi: { method: 'POST', path: '/users/{userId}/integrations/bulk-unlink' },
      summary: 'Disconnect up to a thousand accounts or services; each item is answered by itself.',
    })
    .input(BulkUnlinkInput)
    .output(BulkUnlinked)
    .mutation(({ ctx, input }) => bulkUnlink(ctx, input)),

  findIncomplete: platform({ scope: 'admin:read', sessionFreshWithin: STEP_UP_SECONDS })
    .meta({
      openapi: { method: 'GET', path: '/admin/integrations/incomplete' },
      summary: 'Active integrations of anybody that lack something.',
    })
    .input(FindIncompleteInput)
    .output(page(IncompleteView))
    .query(({ ctx, input }) => findIncomplete(ctx, input)),

  cleanup: platform({ scope: 'admin:write', sessionFreshWithin: STEP_UP_SECONDS })
    .meta({
      openapi: { method: 'POST', path: '/admin/integrations/cleanup' },
      summary: 'Delete integrations that hold nothing; only says which unless told otherwise.',
    })
    .input(CleanupInput)
    .output(CleanupView)
    .mutation(({ ctx, input }) => cleanUp(ctx, input)),
});
