import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

/** A project of its own outside the repository, that has what packages it lists, and the repository's TypeScript. */
export interface Project {
  readonly folder: string;
  write(file: string, text: string): void;
  /** What the compiler says of the files; empty when all is well. */
  compile(compilerOptions?: Record<string, unknown>): string;
  remove(): void;
}

export function newProject(packages: readonly string[]): Project {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-project-'));
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  };
  write('package.json', JSON.stringify({ type: 'module', private: true }));
  for (const name of packages) {
    mkdirSync(dirname(join(folder, 'node_modules', name)), { recursive: true });
    symlinkSync(resolve('node_modules', name), join(folder, 'node_modules', name), 'dir');
  }
  return {
    folder,
    write,
    compile: (compilerOptions = {}) => {
      write(
        'tsconfig.json',
        JSON.stringify({ compilerOptions: { ...defaults, ...compilerOptions }, include: ['*.ts'] }),
      );
      const { stdout, stderr } = spawnSync(resolve('node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
      return stdout + stderr;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const defaults = {
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  target: 'es2022',
  lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
  types: [],
  module: 'nodenext',
  moduleResolution: 'nodenext',
};
