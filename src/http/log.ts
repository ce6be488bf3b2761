import type { LogEvent } from '../context.ts';
import { printableJson } from '../lib/printable.ts';

/**
 * One line of JSON for Workers Logs, without a raw control character, so that no path writes to a terminal. Callers pass no personal data; `detail` is ours, never a message from outside.
 */
export function logLine(entry: LogEvent & { readonly requestId?: string; readonly [field: string]: unknown }): void {
  const { level = 'info', ...rest } = entry;
  const line = printableJson({ level, ...rest });
  if (level === 'error') console.error(line);
  else if (level === 'warn') console.warn(line);
  else console.log(line);
}

/**
 * What an unexpected error may say in a log: its name, SQLSTATE and where it was thrown. Not its message: a driver's
 * holds SQL and parameters, and anything may hold what a user typed.
 */
export function safeDetail(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as Error & { code?: unknown };
  const state = typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? ` ${code}` : '';
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  const cause = error.cause instanceof Error ? ` <- ${safeDetail(error.cause)}` : '';
  return `${error.name}${state} ${frames
    .slice(0, 4)
    .map((line) => line.trim())
    .join(' | ')}${cause}`;
}
