import { describe, expect, it } from 'vitest';
import { Scope, scopes, scopesFor, type TokenKind } from '../../src/scopes.ts';
import { allProcedures } from '../support/procedures.ts';

const demands = allProcedures().flatMap(({ path, access }) =>
  access && 'scope' in access && access.scope ? [{ path, access, scope: access.scope }] : [],
);

describe.each(demands)('$path', ({ access, scope }) => {
  it('demands a scope that is on the list', () => expect(Scope.options).toContain(scope));

  it('demands one that a token which can reach it may carry', () => {
    const kinds: Record<string, TokenKind> = { self: 'personal', organization: 'organization' };
    const kind = kinds[access.subject] ?? 'service';
    expect(scopesFor(kind)).toContain(scope);
  });
});

it('a personal token is never an administrator’s', () => {
  expect(scopesFor('personal').filter((scope) => scope.startsWith('admin:'))).toEqual([]);
});

it('an organisation token carries the scopes of organisation procedures, and no other', () => {
  const ofOrganizations = new Set(
    demands.filter(({ access }) => access.subject === 'organization').map(({ scope }) => scope),
  );
  expect(new Set<string>(scopesFor('organization'))).toEqual(ofOrganizations);
});

it('each opens some procedure: nobody is offered one that does nothing', () => {
  const demanded = new Set(demands.map(({ scope }) => scope));
  expect(Scope.options.filter((scope) => !demanded.has(scope))).toEqual([]);
});

it('a service token may carry every scope', () => expect(scopesFor('service')).toEqual(Scope.options));

it('every scope is a noun and what is done with it, says what it allows, and some kind may carry it', () => {
  for (const [name, entry] of Object.entries(scopes)) {
    expect(name).toMatch(/^[a-z]+:(read|write|token)$/);
    expect(entry.summary).toMatch(/^[A-Z].*\.$/);
    expect(entry.for.length).toBeGreaterThan(0);
  }
});
