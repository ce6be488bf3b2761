import { type Env } from '../env.ts';
import type { VaultContext } from '../context.ts';
import { logLine, safeDetail } from '../http/log.ts';
import { jobContext } from './context.ts';
import { type Job, jobs } from './schedule.ts';

/**
 * Runs the jobs of one cron expression, each by itself: one that fails stops no other.
 * @throws Error when the expression has no jobs, or any job failed: Cloudflare then shows the run as failed
 */
export async function runScheduled(cron: string, env: Env): Promise<void> {
  const due = jobs[cron];
  if (!due) throw new Error(`No job is registered for the cron expression "${cron}".`);
  const ctx = jobContext(env);
  const outcomes = await Promise.all(Object.entries(due).map(([name, job]) => runJob(name, job, ctx)));
  if (outcomes.includes('failed')) throw new Error('A job failed; its log line says which.');
}

async function runJob(name: string, job: Job, ctx: VaultContext): Promise<'done' | 'failed'> {
  const startedAt = Date.now();
  try {
    const counts = await job(ctx);
    logLine({ event: 'job.done', job: name, ms: Date.now() - startedAt, counts });
    return 'done';
  } catch (error) {
    logLine({ event: 'job.failed', level: 'error', job: name, ms: Date.now() - startedAt, detail: safeDetail(error) });
    return 'failed';
  }
}
