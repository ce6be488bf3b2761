import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { newProject, type Project } from './support.ts';

const good = `
import { createGatehouseClient, gatehouseError, type ErrorCode, type Outputs } from '@gatehouse/client';

export async function story(token: string): Promise<string> {
  const gatehouse = createGatehouseClient({ url: 'https://account.example.com', token: () => token });
  try {
    await gatehouse.auth.requestMagicLink.mutate({ email: 'ada@example.com', delivery: 'bearer' });
    const { items } = await gatehouse.auth.listSessions.query();
    const first: Outputs['auth']['listSessions']['items'][number] | undefined = items[0];
    const current: boolean | undefined = first?.isCurrent;
    return current ? 'current' : 'other';
  } catch (error) {
    const refusal = gatehouseError(error);
    const code: ErrorCode | undefined = refusal?.code;
    return code === 'session.revoked' ? 'revoked' : 'other';
  }
}
`;

/** Each line is wrong for one reason; with an \`any\` anywhere it would pass. */
const bad = `
import { createGatehouseClient, gatehouseError } from '@gatehouse/client';
const gatehouse = createGatehouseClient({ url: 'https://account.example.com' });
void gatehouse.auth.requestMagicLink.mutate({ mail: 'ada@example.com' });
void gatehouse.auth.requestMagicLink.mutate({ email: 'ada@example.com', delivery: 'pigeon' });
void gatehouse.auth.listSessions.query().then(({ items }) => items[0]?.isCurent);
void gatehouse.auth.listSessions.query().then(({ items }): number | undefined => items[0]?.isCurrent);
void gatehouse.auth.inventSessions.query();
if (gatehouseError(null)?.code === 'session.nonsense') throw new Error();
void gatehouse.auth.listSessions.mutate();
createGatehouseClient({ uri: 'https://account.example.com' });
`;

let project: Project;

beforeAll(() => {
  project = newProject(['@trpc/client', '@trpc/server', 'typescript']);
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['scripts/build-client.ts', '--out', project.folder, '--json'],
    { encoding: 'utf8' },
  );
  expect(stderr).toBe('');
  const { file, name } = JSON.parse(stdout) as { file: string; name: string };
  const target = join(project.folder, 'node_modules', name);
  mkdirSync(target, { recursive: true });
  expect(spawnSync('tar', ['xzf', file, '-C', target, '--strip-components=1']).status).toBe(0);
}, 120_000);

afterAll(() => project.remove());

describe('the client package in a project of its own', () => {
  it.each([
    ['nodenext', 'nodenext'],
    ['esnext', 'bundler'],
  ])('type-checks a program, without our sources (module %s, resolution %s)', (module, moduleResolution) => {
    project.write('program.ts', good);
    expect(project.compile({ module, moduleResolution, skipLibCheck: true, exactOptionalPropertyTypes: true })).toBe(
      '',
    );
  });

  it('type-checks the example of a browser app', () => {
    project.write('program.ts', readFileSync('examples/typescript-frontend/account.ts', 'utf8'));
    expect(project.compile({ skipLibCheck: true, module: 'esnext', moduleResolution: 'bundler' })).toBe('');
  });

  it('refuses every wrong line of a program', () => {
    project.write('program.ts', bad);
    const lines = [...project.compile({ skipLibCheck: true }).matchAll(/program\.ts\((\d+),\d+\): error TS\d+: (.*)/g)];
    expect(lines.map(([, line, message]) => `${line} ${message}`)).toEqual([
      expect.stringMatching(/^4 .*'mail' does not exist/),
      expect.stringMatching(/^5 .*"pigeon"/),
      expect.stringMatching(/^6 .*'isCurent' does not exist/),
      expect.stringMatching(/^7 .*'boolean' is not assignable/),
      expect.stringMatching(/^8 .*'inventSessions' does not exist/),
      expect.stringMatching(/^9 .*no overlap/),
      expect.stringMatching(/^10 .*'mutate' does not exist/),
      expect.stringMatching(/^11 .*'uri' does not exist/),
    ]);
  });

  it('runs on Node', () => {
    project.write(
      'run.mjs',
      "import { createGatehouseClient, gatehouseError } from '@gatehouse/client';\nconsole.log(typeof createGatehouseClient({ url: 'https://a.example' }).auth.listSessions.query, gatehouseError(new Error()));\n",
    );
    const { stdout, stderr } = spawnSync(process.execPath, ['run.mjs'], { cwd: project.folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(stdout).toBe('function null\n');
  });

  it('asks for nothing but tRPC, at the versions it was made with', () => {
    const read = (file: string) =>
      JSON.parse(readFileSync(file, 'utf8')) as { version: string; dependencies: Record<string, string> };
    const own = read(join(project.folder, 'node_modules/@gatehouse/client/package.json'));
    const ours = read('package.json');
    expect(own.version).toBe(ours.version);
    expect(own.dependencies).toEqual({
      '@trpc/client': ours.dependencies['@trpc/client'],
      '@trpc/server': ours.dependencies['@trpc/server'],
    });
  });
});
