import { spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { errors } from '../src/errors.ts';
import { listProcedures } from '../src/http/rest/procedures.ts';
import { appRouter } from '../src/routers/index.ts';
import { printAppRouter } from './support/client-types.ts';
import { main, readCommandLine } from './support/command-line.ts';

const help = `
npm run build:client [-- --out DIR] [--json]

Makes gatehouse-client-<version>.tgz: the typed client as a package of its own. Another repository
installs it (npm install <file or URL>) and type-checks against it without these sources.

  --out DIR  where the package goes (default dist)
  --json     print { file, name, version, bytes }
`;

const readme = `# @gatehouse/client

The typed client of a Gatehouse deployment, for browsers, Workers and Node.

\`\`\`ts
import { createGatehouseClient, gatehouseError } from '@gatehouse/client';

const gatehouse = createGatehouseClient({ url: 'https://account.example.com' });
try {
  const { items } = await gatehouse.auth.listSessions.query();
  console.log(items);
} catch (error) {
  const refusal = gatehouseError(error);
  if (refusal?.code === 'credential.missing') location.assign('https://account.example.com/sign-in');
  else throw error;
}
\`\`\`

Browsers send their session cookie; programs pass \`token\`, a text or a function. Queries of one tick
share a request. A request whose answer was lost is sent once more; mutations carry an
\`Idempotency-Key\`, so that this has no second effect.
`;

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

await main(async () => {
  const { values } = readCommandLine(help, {
    out: { type: 'string', default: 'dist' },
    json: { type: 'boolean', default: false },
  });
  const say = values.json ? () => undefined : (line: string) => console.log(line);
  const folder = fs.mkdtempSync(join(tmpdir(), 'gatehouse-client-'));
  try {
    const manifest = JSON.parse(fs.readFileSync('package.json', 'utf8')) as Manifest;
    const procedures = listProcedures(appRouter);
    say(`Writing the types of ${procedures.length} procedures …`);
    writeSources(folder, printAppRouter(procedures, Object.keys(errors)));
    say('Compiling …');
    compile(folder);
    writePackage(folder, manifest);
    const out = resolve(values.out);
    fs.mkdirSync(out, { recursive: true });
    run('npm', ['pack', '--pack-destination', out, '--silent', '--ignore-scripts'], join(folder, 'package'));
    const file = join(out, `gatehouse-client-${manifest.version}.tgz`);
    const { size } = fs.statSync(file);
    if (values.json)
      console.log(JSON.stringify({ file, name: '@gatehouse/client', version: manifest.version, bytes: size }));
    else say(`Made ${file} (${Math.ceil(size / 1024)} KiB). Install it with: npm install ${file}`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

/** The client's own files, with the spelled-out router where they import ours. */
function writeSources(folder: string, appRouterSource: string): void {
  fs.cpSync('src/client', join(folder, 'src'), { recursive: true });
  fs.writeFileSync(join(folder, 'src/app-router.ts'), appRouterSource);
  fs.symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'dir');
  const compilerOptions = {
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: [],
    module: 'nodenext',
    moduleResolution: 'nodenext',
    rewriteRelativeImportExtensions: true,
    verbatimModuleSyntax: true,
    strict: true,
    skipLibCheck: true,
    declaration: true,
    rootDir: 'src',
    outDir: 'package/dist',
  };
  fs.writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }));
  fs.writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
}

/** Compiling away from the repository proves that nothing of it is needed. */
function compile(folder: string): void {
  run(resolve('node_modules/.bin/tsc'), ['-p', folder], folder);
  // A declaration keeps the names as its source has them; nodenext wants those of the emitted files.
  const declarations = fs.readdirSync(join(folder, 'package/dist')).filter((name) => name.endsWith('.d.ts'));
  for (const file of declarations.map((name) => join(folder, 'package/dist', name))) {
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replaceAll(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'"));
  }
}

function writePackage(folder: string, { version, license, dependencies }: Manifest): void {
  const pinned = ['@trpc/client', '@trpc/server'].map((name) => [name, dependencies[name]]);
  const manifest = {
    name: '@gatehouse/client',
    version,
    description: 'The typed client of a Gatehouse deployment.',
    license,
    type: 'module',
    sideEffects: false,
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    files: ['dist'],
    engines: { node: '>=20' },
    dependencies: Object.fromEntries(pinned) as Record<string, string>,
    peerDependencies: { typescript: '>=5.7.2' },
    peerDependenciesMeta: { typescript: { optional: true } },
  };
  fs.writeFileSync(join(folder, 'package/package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  fs.writeFileSync(join(folder, 'package/README.md'), readme);
  if (fs.existsSync('LICENSE')) fs.cpSync('LICENSE', join(folder, 'package/LICENSE'));
}

function run(command: string, words: readonly string[], cwd: string): void {
  const { status, stdout, stderr, error } = spawnSync(command, words, { cwd, encoding: 'utf8' });
  if (error || status !== 0)
    throw new Error(`${command} ${words[0]} failed.\n${error?.message ?? `${stdout}${stderr}`}`.trim());
}
