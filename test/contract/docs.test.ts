import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';

const run = (...words: string[]) =>
  spawnSync(process.execPath, ['scripts/write-docs.ts', ...words], { encoding: 'utf8' });

describe('the generated pages of docs/', () => {
  it('are what the sources say today', () => {
    const { status, stdout } = run('--check', '--json');
    expect(JSON.parse(stdout)).toEqual({ stale: [] });
    expect(status).toBe(0);
  });

  it('are written by a command that knows its flags', () => {
    expect(run('--help').stdout).toContain('--check');
    const refused = run('--chek');
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain("'--chek'");
  });
});
