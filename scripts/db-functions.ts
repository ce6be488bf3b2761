import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { main, readCommandLine } from './support/command-line.ts';
import { changedFunctions, readMigrated, readSources, renderDown, renderUp } from './support/sql-functions.ts';

const help = `
npm run db:functions [-- --name NAME] [-- --check]

Writes the SQL functions of src/db/functions that changed since the last migration into a new
custom migration, with its way down; one whose file is gone is dropped. For a signature that changes,
rename the function, or drop the old one with "npm run migrate:new -- NAME --custom" first.

  --name NAME   the migration's name (default: functions)
  --check       change nothing; exit 1 and name the functions when there is something to write
`;

await main(async () => {
  const { values } = readCommandLine(help, { name: { type: 'string' }, check: { type: 'boolean' } });
  const sources = readSources();
  const migrated = readMigrated();
  const changed = changedFunctions(sources, migrated);
  if (changed.length === 0) return void console.log('The migrations define every function as its source has it.');
  if (values.check) {
    console.error(`Not in a migration yet: ${changed.join(', ')}. Run "npm run db:functions".`);
    return 1;
  }
  execFileSync('drizzle-kit', ['generate', '--custom', '--name', values.name ?? 'functions'], { stdio: 'pipe' });
  const file =
    readdirSync('drizzle')
      .filter((name) => name.endsWith('.sql'))
      .toSorted()
      .at(-1) ?? '';
  mkdirSync('drizzle/down', { recursive: true });
  writeFileSync(`drizzle/${file}`, renderUp(changed, sources, migrated));
  writeFileSync(`drizzle/down/${file}`, renderDown(changed, sources, migrated));
  console.log(`Wrote drizzle/${file} and its down file: ${changed.join(', ')}.`);
});
