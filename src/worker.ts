import { createApp } from './app.ts';
import type { Env } from './env.ts';
import { runScheduled } from './jobs/index.ts';

export { DevelopmentMailbox } from './objects/development-mailbox.ts';
export { RateLimiter } from './objects/rate-limiter.ts';

const app = createApp();

export default {
  fetch: (request, env, ctx) => app.fetch(request, env, ctx),
  scheduled: (controller, env) => runScheduled(controller.cron, env),
} satisfies ExportedHandler<Env>;
