import { createApp } from './app.ts';
import type { Env } from './env.ts';
import type { VaultMessage } from './domain/oauth/vault-message.ts';
import { runScheduled } from './jobs/index.ts';
import { runQueue } from './jobs/refresh-queue.ts';

export { DevelopmentMailbox } from './objects/development-mailbox.ts';
export { RateLimiter } from './objects/rate-limiter.ts';

const app = createApp();

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  scheduled: (controller, env) => runScheduled(controller.cron, env),
  queue: (batch, env) => runQueue(batch, env),
} satisfies ExportedHandler<Env, VaultMessage>;
