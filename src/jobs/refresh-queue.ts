/** The consumer of the refresh queue. Rows are the truth: whatever happens to a message, no refresh is lost or doubled. */
import type { VaultContext } from '../context.ts';
import { refreshBatch } from '../domain/oauth/refresh-batch.ts';
import { storeRefresh } from '../domain/oauth/refresh.ts';
import type { CommitMessage, RefreshMessage, VaultMessage } from '../domain/oauth/vault-message.ts';
import type { Env } from '../env.ts';
import { logLine, safeDetail } from '../http/log.ts';
import { jobContext } from './context.ts';

/** Shorter than the 45 seconds that `gatehouse.take_lease` gives an answer to arrive once the database is back. */
const COMMIT_RETRY_SECONDS = 20;
/** The queue drops a message after its last retry; this one may not be lost. */
const LAST_ATTEMPT = 90;

/** Handles one batch of messages, each by itself. Never throws: what to try again is said message by message. */
export async function runQueue(batch: MessageBatch<VaultMessage>, env: Env): Promise<void> {
  const ctx = jobContext(env);
  for (const message of batch.messages) {
    // A batch is one message.
    const { body } = message;
    await (body.kind === 'refresh' ? refresh(ctx, message, body) : commit(ctx, message, body));
  }
}

/** Always acknowledged: a batch that could not be leased comes back by its rows' own due time. */
async function refresh(ctx: VaultContext, message: Message<VaultMessage>, body: RefreshMessage): Promise<void> {
  const startedAt = Date.now();
  try {
    const counts = await refreshBatch(ctx, body.rows);
    logLine({ event: 'queue.refreshed', ms: Date.now() - startedAt, counts });
  } catch (error) {
    logLine({ event: 'queue.refresh_failed', level: 'error', ms: Date.now() - startedAt, detail: safeDetail(error) });
  }
  message.ack();
}

async function commit(ctx: VaultContext, message: Message<VaultMessage>, body: CommitMessage): Promise<void> {
  try {
    const outcome = await storeRefresh(ctx, aged(body));
    logLine({ event: 'queue.committed', detail: outcome });
    message.ack();
  } catch (error) {
    logLine({ event: 'queue.commit_failed', level: 'warn', detail: safeDetail(error) });
    if (message.attempts < LAST_ATTEMPT) return message.retry({ delaySeconds: COMMIT_RETRY_SECONDS });
    await ctx.bindings.REFRESH_QUEUE.send(body, { delaySeconds: COMMIT_RETRY_SECONDS });
    message.ack();
  }
}

/** Lifetimes count from the provider's answer, not from today. */
function aged({ commit: row, answeredAt }: CommitMessage): CommitMessage['commit'] {
  const seconds = Math.max(0, (Date.now() - answeredAt) / 1000);
  const left = (lifetime: number | null) => (lifetime === null ? null : Math.max(0, lifetime - seconds));
  const { tokens } = row;
  return {
    ...row,
    tokens: {
      ...tokens,
      expiresIn: left(tokens.expiresIn),
      refreshExpiresIn: left(tokens.refreshExpiresIn),
      nextRefreshIn: left(tokens.nextRefreshIn),
    },
  };
}
