import { describe, expect, it } from 'vitest';
import { allProcedures, publicProcedures } from '../support/procedures.ts';

describe.each(allProcedures())('$path', ({ path, type, access, meta, output }) => {
  it('declares who may call it', () => {
    expect(access).toBeDefined();
    expect(access?.subject === 'public').toBe(publicProcedures.includes(path));
  });

  it('declares its output, so that nothing else can slip out', () => expect(output).not.toBeNull());

  it('is in the REST interface, with a sentence and the method that fits', () => {
    expect(meta.summary).toMatch(/^[A-Z].*\.$/);
    expect(meta.openapi?.method === 'GET').toBe(type === 'query');
  });
});

it('the public list names procedures that exist', () => {
  const paths = allProcedures().map(({ path }) => path);
  for (const path of publicProcedures) expect(paths).toContain(path);
});

it('no two procedures share a REST route', () => {
  const routes = allProcedures().map(
    ({ meta }) => `${meta.openapi?.method} ${meta.openapi?.path.replace(/\{\w+\}/g, '{}')}`,
  );
  expect(new Set(routes).size).toBe(routes.length);
});
