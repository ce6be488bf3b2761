/** Schema migrations. Runs in Node alone: nothing of the Worker imports it. */
export { applyMigrations, type ApplyOptions, type ApplyResult, type PlannedMigration } from './apply.ts';
export { checkMigrations, type CheckOptions, type CheckResult } from './check.ts';
export { type DatabaseAddress, isLoopback, type MigrationConnection, parseAddress } from './connection.ts';
export { connectNeon } from './connections/neon.ts';
export { connectPglite } from './connections/pglite.ts';
export { connectPostgres } from './connections/postgres.ts';
export { createMigration, type CreateOptions, type CreateResult } from './create.ts';
export { databaseRefusal, describeRefusal, MigrationError, type MigrationErrorCode } from './errors.ts';
export { initialize, type InitializeOptions, type InitializeResult, type WorkerLogins } from './initialize.ts';
export { listMigrations, type ListResult } from './list.ts';
export { resetDatabase, type ResetOptions, type ResetResult } from './reset.ts';
export { rollbackMigrations, type RollbackOptions, type RollbackResult } from './rollback.ts';
export { type RunOptions } from './run-context.ts';
export { type MigrationState, type MigrationStatus } from './status.ts';
