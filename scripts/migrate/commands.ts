import {
  applyMigrations,
  checkMigrations,
  createMigration,
  initialize,
  listMigrations,
  MigrationError,
  resetDatabase,
  rollbackMigrations,
} from '../../src/db/migrate/index.ts';
import { textFlag, wholeNumber } from './arguments.ts';
import { type Call, directory, runOptions, show, withConnections, withOwner } from './call.ts';
import { readLogins, requireFixedNames } from './connect.ts';
import { lint } from './lint.ts';
import { count, listLines, sqlLines } from './output.ts';

/** Runs a command and returns the exit code. */
export type Handler = (call: Call) => Promise<number>;

/** The command named on the command line. */
export const handlers: Readonly<Record<string, Handler>> = { init, new: create, list, push, down, check, reset, lint };

async function init(call: Call): Promise<number> {
  const timeout = wholeNumber(textFlag(call.args, 'login-statement-timeout'), {
    name: '--login-statement-timeout',
    least: 0,
  });
  return withOwner(call, async (connection) => {
    const logins = readLogins(call.settings);
    requireFixedNames(logins);
    const result = await initialize({ connection, logins, loginStatementTimeout: timeout });
    const created =
      result.rolesCreated.length === 0 ? 'all roles were there' : `created ${result.rolesCreated.join(', ')}`;
    show(call, result, [`Prepared ${result.target}: ${created}.`, ...result.notes.map((note) => `Note: ${note}`)]);
    return 0;
  });
}

async function create(call: Call): Promise<number> {
  const result = await createMigration({
    directory: directory(call),
    name: call.args.argument ?? '',
    custom: call.args.flags['custom'] === true,
    config: textFlag(call.args, 'config'),
    interactive: process.stdin.isTTY && process.stdout.isTTY && call.args.flags['json'] !== true,
  });
  const how = result.downDrafted ? 'a draft: read it' : 'a template: fill it in';
  show(call, result, [`Made ${result.path}`, `Made ${result.downPath} (${how})`, 'Next: npm run migrate:push']);
  return 0;
}

async function list(call: Call): Promise<number> {
  return withOwner(call, async (connection) => {
    const result = await listMigrations({ connection, directory: directory(call) });
    show(call, result, listLines(result, directory(call)));
    return 0;
  });
}

async function push(call: Call): Promise<number> {
  return withOwner(call, async (connection) => {
    const result = await applyMigrations({ ...runOptions(call, connection), retry: textFlag(call.args, 'retry') });
    const lines = [`Target: ${result.target}`];
    if (result.planned !== null) {
      lines.push(...result.planned.flatMap(sqlLines));
      lines.push(`Dry run: ${count(result.planned.length, 'migration')} would be applied; nothing was changed.`);
    } else if (result.applied.length + result.appliedByOthers.length === 0) lines.push('Nothing is pending.');
    else lines.push(`Applied ${count(result.applied.length, 'migration')}.`);
    show(call, result, lines);
    return 0;
  });
}

async function down(call: Call): Promise<number> {
  const steps = wholeNumber(call.args.argument, { name: 'N', least: 1 }) ?? 1;
  return withOwner(call, async (connection) => {
    const options = { ...runOptions(call, connection), steps };
    const planned = await rollbackMigrations({ ...options, dryRun: true });
    const names = (planned.planned ?? []).map(({ name }) => name);
    if (options.dryRun === true) {
      const sql = (planned.planned ?? []).flatMap(sqlLines);
      show(call, planned, [
        `Target: ${planned.target}`,
        ...sql,
        `Dry run: ${count(steps, 'migration')} would be rolled back; nothing was changed.`,
      ]);
      return 0;
    }
    if (call.args.flags['yes'] !== true && call.settings['ENVIRONMENT'] !== 'development') {
      throw new MigrationError(
        'confirmation.missing',
        `This would roll back in ${planned.target}: ${names.join(', ')}. Data can be lost. To do it, add --yes (or set ENVIRONMENT=development).`,
      );
    }
    call.streams.err(`Rolling back in ${planned.target}: ${names.join(', ')}`);
    const result = await rollbackMigrations(options);
    show(call, result, [`Rolled back ${count(result.rolledBack.length, 'migration')}.`]);
    return 0;
  });
}

async function check(call: Call): Promise<number> {
  const names = ['MIGRATION_DATABASE_URL', 'DATABASE_URL', 'SERVICE_DATABASE_URL'];
  return withConnections(call, names, async ([connection, app, service]) => {
    if (connection === undefined) return 1;
    const logins = readLogins(call.settings);
    const result = await checkMigrations({
      connection,
      directory: directory(call),
      logins: {
        app: { name: logins.app.name, connection: app },
        service: { name: logins.service.name, connection: service },
      },
      onProgress: call.streams.err,
    });
    const verdict = result.ok ? 'All is as the migrations say.' : `${count(result.problems.length, 'problem')}.`;
    const problems = result.problems.map(({ kind, message }) => `${kind}: ${message}`);
    show(call, result, [
      `Target: ${result.target}`,
      ...problems,
      ...result.notes.map((note) => `Note: ${note}`),
      verdict,
    ]);
    return result.ok ? 0 : 1;
  });
}

async function reset(call: Call): Promise<number> {
  return withOwner(call, async (connection) => {
    call.streams.err(`Target: ${connection.target}`);
    const result = await resetDatabase({
      ...runOptions(call, connection),
      logins: readLogins(call.settings),
      environment: call.settings['ENVIRONMENT'],
      confirmedDatabase: textFlag(call.args, 'database'),
    });
    const done = `Dropped ${count(result.dropped.length, 'object')}, applied ${count(result.applied.length, 'migration')}.`;
    show(call, result, [...result.notes.map((note) => `Note: ${note}`), done]);
    return 0;
  });
}
