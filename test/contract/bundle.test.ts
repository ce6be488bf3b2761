import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Metafile {
  readonly outputs: Record<string, { readonly inputs: Record<string, { readonly bytesInOutput: number }> }>;
}

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-bundle-'));
let inputs: string[] = [];
let script = '';

beforeAll(() => {
  execFileSync('wrangler', ['deploy', '--dry-run', '--minify', '--metafile', '--outdir', folder], { stdio: 'pipe' });
  const { outputs } = JSON.parse(readFileSync(join(folder, 'bundle-meta.json'), 'utf8')) as Metafile;
  inputs = Object.values(outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
  );
  script = readFileSync(join(folder, 'worker.js'), 'utf8');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the bundle of the Worker', () => {
  it('is at most 250 KiB gzip', () => expect(gzipSync(script, { level: 9 }).length / 1024).toBeLessThan(250));

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
