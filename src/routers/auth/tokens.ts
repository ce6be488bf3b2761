import * as z from 'zod';
import { STEP_UP_SECONDS } from '../../domain/auth/step-up.ts';
import { createToken, listTokens, revokeToken, rotateToken } from '../../domain/auth/tokens/manage.ts';
import { createTokenInput, NewTokenView, RotateTokenInput, TokenView } from '../../domain/auth/tokens/views.ts';
import { Uuid } from '../../lib/ids.ts';
import { organization, platform, self } from '../../trpc.ts';

const fresh = { freshWithin: STEP_UP_SECONDS };
const TokenList = z.object({ items: z.array(TokenView) });
const TokenId = z.object({ tokenId: Uuid });

/** API tokens: a person's, an organisation's, the deployment's own. Whose they are is all that differs. */
export const tokens = {
  listTokens: self({ scope: 'tokens:read' })
    .meta({ openapi: { method: 'GET', path: '/auth/tokens' }, summary: 'Your API tokens.' })
    .output(TokenList)
    .query(async ({ ctx }) => ({ items: await listTokens(ctx, 'personal') })),

  createToken: self(fresh)
    .meta({
      openapi: { method: 'POST', path: '/auth/tokens' },
      summary: 'Make an API token. Its secret is shown once.',
    })
    .input(createTokenInput('personal'))
    .output(NewTokenView)
    .mutation(({ ctx, input }) => createToken(ctx, input)),

  rotateToken: self(fresh)
    .meta({
      openapi: { method: 'POST', path: '/auth/tokens/{tokenId}/rotate' },
      summary: 'Replace an API token; the old one works on for a while.',
    })
    .input(RotateTokenInput)
    .output(NewTokenView)
    .mutation(({ ctx, input }) => rotateToken(ctx, input)),

  revokeToken: self(fresh)
    .meta({ openapi: { method: 'DELETE', path: '/auth/tokens/{tokenId}' }, summary: 'End an API token.' })
    .input(TokenId)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await revokeToken(ctx, input.tokenId);
      return {};
    }),

  listOrganizationTokens: organization('admin', { scope: 'organization:read' })
    .meta({
      openapi: { method: 'GET', path: '/organizations/{organizationId}/tokens' },
      summary: 'An organisation’s API tokens.',
    })
    .output(TokenList)
    .query(async ({ ctx }) => ({ items: await listTokens(ctx, 'organization') })),

  createOrganizationToken: organization('admin', fresh)
    .meta({
      openapi: { method: 'POST', path: '/organizations/{organizationId}/tokens' },
      summary: 'Make an API token. Its secret is shown once.',
    })
    .input(createTokenInput('organization'))
    .output(NewTokenView)
    .mutation(({ ctx, input }) => createToken(ctx, input)),

  rotateOrganizationToken: organization('admin', fresh)
    .meta({
      openapi: { method: 'POST', path: '/organizations/{organizationId}/tokens/{tokenId}/rotate' },
      summary: 'Replace an API token; the old one works on for a while.',
    })
    .input(RotateTokenInput)
    .output(NewTokenView)
    .mutation(({ ctx, input }) => rotateToken(ctx, input)),

  revokeOrganizationToken: organization('admin', fresh)
    .meta({
      openapi: { method: 'DELETE', path: '/organizations/{organizationId}/tokens/{tokenId}' },
      summary: 'End an API token.',
    })
    .input(TokenId)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await revokeToken(ctx, input.tokenId);
      return {};
    }),

  listServiceTokens: platform({ scope: 'admin:read', sessionFreshWithin: STEP_UP_SECONDS })
    .meta({ openapi: { method: 'GET', path: '/admin/tokens' }, summary: 'The deployment’s API tokens.' })
    .output(TokenList)
    .query(async ({ ctx }) => ({ items: await listTokens(ctx, 'service') })),

  createServiceToken: platform({ scope: 'admin:write', ...fresh })
    .meta({
      openapi: { method: 'POST', path: '/admin/tokens' },
      summary: 'Make an API token. Its secret is shown once.',
    })
    .input(createTokenInput('service'))
    .output(NewTokenView)
    .mutation(({ ctx, input }) => createToken(ctx, input)),

  rotateServiceToken: platform({ scope: 'admin:write', ...fresh })
    .meta({
      openapi: { method: 'POST', path: '/admin/tokens/{tokenId}/rotate' },
      summary: 'Replace an API token; the old one works on for a while.',
    })
    .input(RotateTokenInput)
    .output(NewTokenView)
    .mutation(({ ctx, input }) => rotateToken(ctx, input)),

  revokeServiceToken: platform({ scope: 'admin:write', ...fresh })
    .meta({ openapi: { method: 'DELETE', path: '/admin/tokens/{tokenId}' }, summary: 'End an API token.' })
    .input(TokenId)
    .output(z.object({}))
    .mutation(async ({ ctx, input }) => {
      await revokeToken(ctx, input.tokenId);
      return {};
    }),
};
