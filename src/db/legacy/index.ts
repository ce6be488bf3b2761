/** The way from a legacy table of users, and back. Runs in Node alone: nothing of the Worker imports it. */
export { type Aside, type LegacyCatalogue, type LegacyRun, type MovedForeignKey, readRun } from './catalogue.ts';
export { type LegacyColumn, type Slot } from './columns.ts';
export { LegacyError, type LegacyErrorCode } from './errors.ts';
export { normalize, type NormalizeCall, type NormalizeOptions, type NormalizeResult } from './normalize.ts';
export { describeFinding, type Finding, type LegacyReport, type Progress } from './report.ts';
export { type LegacySession, openSession, pgliteSession, sessionOver } from './session.ts';
export { finish, type FinishCall, type FinishOptions, type FinishResult } from './finish.ts';
export {
  rollback,
  type RollbackCall,
  type RollbackOptions,
  type RollbackReport,
  type RollbackResult,
} from './rollback.ts';
export { verify, type VerifyCall, type VerifyOptions, type VerifyReport } from './verify.ts';
