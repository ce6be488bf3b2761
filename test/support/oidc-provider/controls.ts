import { text } from 'node:stream/consumers';
import type { Provider } from 'oidc-provider';
import type { Grants, SeedOptions } from '../../../scripts/support/oidc-provider.ts';

/** What a test says to the provider about its grants. */
export interface ControlInput extends SeedOptions {
  readonly count?: number;
  readonly grantId?: string;
  readonly refreshToken?: string;
  readonly subject?: string;
}

/** Opens a provider's grants to tests that can only fetch: `POST /control/<action>` with JSON, answered with JSON. */
export function controlsOf(provider: Provider, grants: Grants): void {
  const actions: Record<string, (input: ControlInput) => unknown> = {
    seed: ({ count = 1, ...options }) => grants.seed(count, options),
    redemptions: ({ refreshToken = '' }) => grants.redemptionsOf(refreshToken),
    grants: ({ subject = '' }) => grants.of(subject),
    revoke: async ({ grantId = '' }) => (await grants.revoke(grantId), {}),
  };
  provider.use(async (ctx, next) => {
    const [, name = ''] = /^\/control\/(\w+)$/.exec(ctx.path) ?? [];
    const action = ctx.method === 'POST' ? actions[name] : undefined;
    if (!action) return next();
    ctx.body = await action(JSON.parse(await text(ctx.req)) as ControlInput);
  });
}
