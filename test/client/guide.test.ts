import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printAppRouter } from '../../scripts/support/client-types.ts';
import { errors } from '../../src/errors.ts';
import { listProcedures } from '../../src/http/rest/procedures.ts';
import { appRouter } from '../../src/routers/index.ts';
import { blocksOf } from '../support/guide-blocks.ts';
import { newProject } from './support.ts';

const options = {
  skipLibCheck: true,
  module: 'esnext',
  moduleResolution: 'bundler',
  allowImportingTsExtensions: true,
  paths: { '@gatehouse/client': ['./client/index.ts'] },
};
/** What a block may take for given. */
const prelude = `
import type { GatehouseClient } from '@gatehouse/client';
declare const gatehouse: GatehouseClient;
declare const userId: string;
declare const integrationId: string;
`;

const blocks = blocksOf(readFileSync('docs/migration-guide.md', 'utf8')).filter(({ language }) => language === 'ts');
const project = newProject(['@trpc/client', '@trpc/server']);

/** The client as `npm run build:client` makes it: its own sources, and the router's types spelled out. */
beforeAll(() => {
  for (const file of readdirSync('src/client')) {
    project.write(`client/${file}`, readFileSync(join('src/client', file), 'utf8'));
  }
  project.write('client/app-router.ts', printAppRouter(listProcedures(appRouter), Object.keys(errors)));
});
afterAll(() => project.remove());

/** Each block is a module of its own; one that imports stands by itself. */
function writeBlocks(edit: (text: string) => string): void {
  for (const { text, line } of blocks) {
    project.write(`line-${line}.ts`, `${text.includes('import ') ? '' : prelude}${edit(text)}`);
  }
}

describe('the TypeScript of the migration guide', () => {
  it('is there for every use', () => {
    expect(blocks.length).toBeGreaterThanOrEqual(12);
  });

  it('type-checks against the client', () => {
    writeBlocks((text) => text);
    expect(project.compile(options)).toBe('');
  });

  it('is told when a name in it is not the client’s', () => {
    writeBlocks((text) => text.replaceAll('displayLabel', 'label'));
    expect(project.compile(options)).toMatch(/line-\d+\.ts.*'label' does not exist/);
  });
});
