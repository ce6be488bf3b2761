import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { API_VERSION, describeApi } from '../../src/http/openapi.ts';
import type { JsonSchema } from '../../src/http/rest/json-schema.ts';
import { rename } from '../../src/http/rest/names.ts';
import { listProcedures } from '../../src/http/rest/procedures.ts';
import { inputFields, mappingOf, routesOf } from '../../src/http/rest/route.ts';
import { snakeCase } from '../../src/lib/case.ts';
import { appRouter } from '../../src/routers/index.ts';

const procedures = listProcedures(appRouter);
const routes = routesOf(procedures);
const api = describeApi(procedures, { productName: 'Gatehouse', publicUrl: 'https://account.example.com' });
const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

describe('the OpenAPI document', () => {
  it('is valid by the schema of the specification, 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(structuredClone(api) as unknown as Record<string, unknown>)).toEqual({
      valid: true,
    });
    expect(validator.version).toBe('3.1');
  });

  it('has every procedure that declares a place in REST, once', () => {
    const placed = procedures.filter(({ meta }) => meta.openapi).map(({ name }) => name);
    expect(operations.map(({ operation }) => operation.operationId).toSorted()).toEqual(placed.toSorted());
  });

  it('carries the version of the package', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(API_VERSION).toBe(version);
  });

  it('says a sentence about every module', () => {
    expect(api.tags.filter(({ description }) => description === '')).toEqual([]);
  });

  it('has no two addresses that differ only in the names of their parameters', () => {
    const shapes = Object.keys(api.paths).map((path) => path.replaceAll(/\{\w+\}/g, '{}'));
    expect(new Set(shapes).size).toBe(shapes.length);
  });
});

describe.each(routes)('$procedure.name in REST', (route) => {
  const { procedure, method, path, pathFields, usesQuery } = route;
  const { operation } = operations.find((found) => found.operation.operationId === procedure.name) ?? {};

  it('can be mapped: no schema of it is beyond JSON, none needs a nested query', () => {
    expect(() => mappingOf(route)).not.toThrow();
  });

  it('has in its path what its input has', () => {
    const fields = inputFields(procedure.inputs);
    for (const name of pathFields) expect([...fields.keys()]).toContain(name);
    expect(path).toBe(path.toLowerCase());
  });

  it('describes each input field in one place, in snake_case', () => {
    const parameters = (operation?.parameters ?? [])
      .filter((parameter) => parameter.in !== 'header')
      .map(({ name }) => name);
    const body = Object.keys(operation?.requestBody?.content['application/json'].schema.properties ?? {});
    const expected = [...inputFields(procedure.inputs).keys()].map(snakeCase);
    expect([...parameters, ...body].toSorted()).toEqual(expected.toSorted());
    if (usesQuery) expect(body).toEqual([]);
  });

  it('says who may call, and with which scope', () => {
    const { access } = procedure.meta;
    expect(operation?.['x-access']).toBe(access?.subject);
    expect(operation?.['x-scope']).toBe(access && 'scope' in access ? access.scope : undefined);
    expect(operation?.security).toEqual(access?.subject === 'public' ? [] : undefined);
  });

  it('reads when it queries and writes when it mutates', () => {
    expect(method === 'GET').toBe(procedure.type === 'query');
  });

  it('answers with the keys that the document promises', () => {
    const done = operation?.responses[200];
    const schema = done && 'content' in done ? done.content['application/json'].schema : {};
    const inner = Object.fromEntries(Object.keys(outputShape(procedure.output)).map((key) => [key, null]));
    const answered = Object.keys(rename(mappingOf(route).output, inner) as object);
    expect(answered.toSorted()).toEqual(Object.keys(schema.properties ?? {}).toSorted());
    expect(camelKeys(schema)).toEqual([]);
  });
});

function outputShape(output: unknown): Record<string, unknown> {
  return (output as { shape?: Record<string, unknown> } | null)?.shape ?? {};
}

function camelKeys(schema: JsonSchema): string[] {
  const own = Object.entries(schema.properties ?? {}).flatMap(([key, child]) => [
    ...(/[A-Z]/.test(key) ? [key] : []),
    ...camelKeys(child),
  ]);
  return [...own, ...(schema.items ? camelKeys(schema.items) : [])];
}
