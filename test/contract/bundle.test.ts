import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUNDLE_LIMIT_KIB } from '../../bench/report/bars.ts';
import { buildWorker } from '../../bench/support/build.ts';
import { gzipKiB, type Metafile } from '../../bench/support/bundle.ts';

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bundle-'));
let inputs: string[] = [];
let script = '';

beforeAll(async () => {
  const build = await buildWorker(folder);
  const { outputs } = JSON.parse(readFileSync(build.metafile, 'utf8')) as Metafile;
  inputs = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  script = readFileSync(build.script, 'utf8');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the bundle of the Worker', () => {
  it(`is at most ${BUNDLE_LIMIT_KIB} KiB gzip`, () => expect(gzipKiB(script)).toBeLessThanOrEqual(BUNDLE_LIMIT_KIB));

  it('holds no development tool and no migration', () => {
    expect(inputs.filter((file) => /pglite|node_modules\/pg\/|db\/migrate|drizzle-kit|scripts\//.test(file))).toEqual(
      [],
    );
  });

  it('holds no locale of zod but its default', () => {
    expect(inputs.filter((file) => /zod\/v4\/locales\/(?!en\.js)/.test(file))).toEqual([]);
  });

  // Each crashed a Worker of somebody else's at its start (better-auth #9983 and its kin).
  it('asks for nothing of Node', () => expect(script).not.toMatch(/createRequire|from\s*"node:|import\("node:/));
});
