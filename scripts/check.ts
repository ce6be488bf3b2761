import { spawnSync } from 'node:child_process';
import { main, readCommandLine } from './support/command-line.ts';

const help = `
npm run check [-- --fix]

Types, lint (with the architecture's import rules), format, migrations' lint, and whether what is
generated is current. Each step prints its name, and what it found.

  --fix   format, and write what is generated, before checking
`;

/** What is checked, in the order of what fails fastest. */
const steps: readonly (readonly [name: string, command: string, ...words: string[]])[] = [
  ['format', 'oxfmt', '--check'],
  ['types', 'tsc', '-p', '.'],
  ['lint', 'oxlint', '--type-aware'],
  ['SQL functions are migrated', 'node', 'scripts/db-functions.ts', '--check'],
  ['migrations', 'node', 'scripts/migrate.ts', 'lint'],
  ['generated documents', 'node', 'scripts/write-docs.ts', '--check'],
];
const fixes: typeof steps = [
  ['format', 'oxfmt', '--write'],
  ['generated documents', 'node', 'scripts/write-docs.ts'],
];

await main(async () => {
  const { values } = readCommandLine(help, { fix: { type: 'boolean' } });
  const failed = [...(values.fix ? fixes : []), ...steps].filter((step) => !passes(step)).map(([name]) => name);
  if (failed.length === 0) return void console.log('\nEverything holds.');
  console.error(`\nNot in order: ${failed.join(', ')}.`);
  return 1;
});

function passes([name, command, ...words]: (typeof steps)[number]): boolean {
  console.log(`\n── ${name}: ${command} ${words.join(' ')}`);
  return spawnSync(command, words, { stdio: 'inherit' }).status === 0;
}
