import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleSections } from '../../../bench/report/sections.ts';
import { type BundleReport, broughtBy, gzipKiB, weigh } from '../../../bench/support/bundle.ts';
import { contributorOf } from '../../../bench/support/contributors.ts';
import { piecesOf } from '../../../bench/support/source-map.ts';

/** Text that does not compress, repeatable: what it costs is then what it is long. */
const noise = (seed: number, length: number) => {
  let state = seed;
  return Array.from({ length }, () => {
    state = (state * 48_271) % 0x7fffffff;
    return (state % 36).toString(36);
  }).join('');
};

/** Writes files below a folder, and answers the folder. */
function writeAll(folder: string, files: Readonly<Record<string, string>>): string {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

describe('the pieces of a bundle', () => {
  // Line 1: 2 columns of a.ts, 2 of b.ts, 1 of nobody. Line 2: b.ts again, said by a difference of 0 to the last one.
  const map = { sources: ['a.ts', 'b.ts'], mappings: 'AAAA,ECAA,E;AAAA' };

  it('hold the whole code, in order, each with the source its mapping names', () => {
    const pieces = piecesOf('aabb?\nbb', map);
    expect(pieces).toEqual([
      { source: 'a.ts', code: 'aa' },
      { source: 'b.ts', code: 'bb' },
      { source: null, code: '?\n' },
      { source: 'b.ts', code: 'bb' },
    ]);
  });

  it('reads numbers of several digits, and negative ones', () => {
    // Column 17 is "iB"; back by one source is "D".
    expect(piecesOf(`${'b'.repeat(17)}a`, { sources: ['a.ts', 'b.ts'], mappings: 'ACAA,iBDAA' })).toEqual([
      { source: 'b.ts', code: 'b'.repeat(17) },
      { source: 'a.ts', code: 'a' },
    ]);
  });
});

describe('what a bundle weighs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-weigh-'));
  const sources = {
    'src/worker.ts': "import { big } from 'big'; import { both } from 'both'; export default [big, both, 'ours'];",
    'node_modules/big/index.js': `import '@kin/one'; import '@kin/two'; import 'both'; export const big = '${noise(1, 8000)}';`,
    'node_modules/@kin/one/index.js': `console.log('${noise(2, 4000)}');`,
    'node_modules/@kin/two/index.js': "console.log('two');",
    'node_modules/both/index.js': `export const both = '${noise(3, 2000)}';`,
  };
  let report: BundleReport;
  let code = '';

  beforeAll(() => {
    const outfile = join(folder, 'worker.js');
    const { metafile, outputFiles } = buildSync({
      entryPoints: ['src/worker.ts'],
      absWorkingDir: writeAll(folder, sources),
      bundle: true,
      minify: true,
      format: 'esm',
      sourcemap: true,
      metafile: true,
      write: false,
      outfile,
    });
    for (const { path, text } of outputFiles) writeFileSync(path, text);
    writeFileSync(join(folder, 'meta.json'), JSON.stringify(metafile));
    code = outputFiles.find(({ path }) => path === outfile)?.text ?? '';
    const build = { script: outfile, sourceMap: `${outfile}.map`, metafile: join(folder, 'meta.json') };
    report = weigh(build, ['big', 'both', 'unused']);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const weightOf = (weights: BundleReport['contributors'], name: string) =>
    weights.find((weight) => weight.name === name);

  it('counts every byte once', () => {
    const sum = report.contributors.reduce((total, { minifiedKiB }) => total + minifiedKiB, 0);
    expect(sum).toBeCloseTo(Buffer.byteLength(code) / 1024, 6);
    expect(report.minifiedKiB).toBeCloseTo(sum, 6);
    expect(report.gzipKiB).toBe(gzipKiB(code));
  });

  it('says by how much gzip shrinks without a package', () => {
    const big = weightOf(report.contributors, 'big');
    expect(big?.minifiedKiB).toBeCloseTo(8000 / 1024, 1);
    // 36 characters are 5.2 bits each.
    expect(big?.gzipKiB).toBeGreaterThan(((8000 / 1024) * 5.1) / 8);
    expect(big?.gzipKiB).toBeLessThan((8000 / 1024) * 0.75);
  });

  it('adds to a dependency what nothing else brings, and only that', () => {
    expect(report.dependencies.map(({ name }) => name)).toEqual(['big', 'both', 'our own']);
    const [big, both] = report.dependencies;
    expect(big?.brings).toEqual(['@kin/one', '@kin/two']);
    expect(both?.brings).toEqual([]);
    expect(big?.minifiedKiB).toBeGreaterThan(12_000 / 1024);
    expect(big?.minifiedKiB).toBeLessThan(12_300 / 1024);
  });

  it('is told in two tables, the packages of one scope in one word', () => {
    const [byContributor, byDependency] = bundleSections(report);
    expect(byContributor?.title).toMatch(/^Bundle: \d+\.\d KiB gzip, \d+\.\d KiB minified$/);
    expect(byContributor?.lines[0]?.[0]).toBe('big');
    expect(byDependency?.lines[0]?.[3]).toBe('@kin/* (2)');
  });
});

describe('who brings what', () => {
  it('follows imports from the entry around the package', () => {
    const imports = (...paths: string[]) => ({ imports: paths.map((path) => ({ path })) });
    const inputs = {
      'src/worker.ts': imports('node_modules/a/index.js', 'node_modules/b/index.js'),
      'node_modules/a/index.js': imports('node_modules/c/index.js', 'node_modules/d/index.js', 'node:buffer'),
      'node_modules/b/index.js': imports('node_modules/d/index.js'),
      'node_modules/c/index.js': imports('node_modules/e/index.js'),
      'node_modules/d/index.js': imports(),
      'node_modules/e/index.js': imports(),
    };
    const written = Object.fromEntries(Object.keys(inputs).map((path) => [path, { bytesInOutput: 1 }]));
    const metafile = { inputs, outputs: { 'worker.js': { entryPoint: 'src/worker.ts', inputs: written } } };
    expect(broughtBy('a', metafile)).toEqual(['c', 'e']);
    expect(broughtBy('b', metafile)).toEqual([]);
    expect(broughtBy('c', metafile)).toEqual(['e']);
  });

  it.each([
    ['node_modules/@trpc/server/dist/http.mjs', '@trpc/server'],
    ['../../app/node_modules/a/node_modules/zod/v4/core.js', 'zod'],
    ['../../app/node_modules/src/entity.ts', 'drizzle-orm'],
    ['../../app/src/domain/auth/queries.ts', 'src/domain'],
    ['src/app.ts', 'src'],
    ['drizzle/meta/_journal.json', 'drizzle/meta'],
    ['wrangler-modules-watch:entry', 'wrangler'],
  ])('says of %s that %s brought it', (path, owner) => {
    expect(contributorOf(path)).toBe(owner);
  });
});
