import type { VaultContext } from '../context.ts';
import { connect } from '../db/client.ts';
import { systemGate } from '../db/gate.ts';
import { type Env, readSettings } from '../env.ts';
import { logLine } from '../http/log.ts';

/** Longer than a request's: a job's statements are larger, and nobody waits for them. */
const JOB_TIMEOUT_MS = 9_000;

/** What a job has: the deployment's settings and bindings, and the gate without a caller. @throws SettingError */
export function jobContext(env: Env): VaultContext {
  const settings = readSettings(env);
  const connection = connect(settings.serviceDatabaseUrl, settings.neonSqlEndpoint);
  return { settings, bindings: env, systemGate: systemGate(connection, JOB_TIMEOUT_MS), log: logLine };
}
