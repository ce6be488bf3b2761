import type { LegacyReport } from './report.ts';

/** Every way a legacy command may refuse. `noun.state`; a program may switch on it, so it is never renamed. */
export type LegacyErrorCode =
  | 'legacy.incomplete'
  | 'legacy.locked'
  | 'legacy.no_schema'
  | 'legacy.not_migrated'
  | 'legacy.not_normalized'
  | 'legacy.option_invalid'
  | 'legacy.refused'
  | 'legacy.running'
  | 'legacy.unreadable'
  | 'legacy.unreachable';

/** An expected refusal. The message says what to do; it never holds a value of the legacy table but ids. */
export class LegacyError extends Error {
  readonly code: LegacyErrorCode;
  /** With `legacy.refused`: all that stands in the way. */
  readonly report: LegacyReport | undefined;

  constructor(code: LegacyErrorCode, message: string, more: { report?: LegacyReport; cause?: unknown } = {}) {
    super(message, { cause: more.cause });
    this.name = 'LegacyError';
    this.code = code;
    this.report = more.report;
  }
}
