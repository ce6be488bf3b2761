import { describe, expect, it } from 'vitest';

import { splitStatements, statementProblem } from '../../src/db/migrate/statements.ts';

describe('splitting a migration file', () => {
  it('splits at breakpoints, and leaves out pieces that are only comments', () => {
    const sql = '-- a note\n--> statement-breakpoint\nselect 1;\n--> statement-breakpoint\n/* nothing; */\n';
    expect(splitStatements(sql)).toEqual(['select 1;']);
  });
});

describe('a piece that is one statement', () => {
  it.each([
    ['a semicolon in a text', `insert into t values ('a;b''c;d')`],
    ['a semicolon in an escaped text', String.raw`insert into t values (E'a\';b;c')`],
    ['a semicolon in a quoted name', 'create table "a;b" (c int);'],
    [
      'a semicolon in a dollar-quoted body',
      'create function f() returns int as $body$ begin; return 1; end $body$ language plpgsql;',
    ],
    ['a semicolon in comments', 'select 1 -- one; two\n/* three; /* four; */ five; */ + 2;'],
    ['an atomic SQL body', 'create function f() returns int begin atomic select 1; select 2; end;'],
    ['a rule with several actions', 'create rule r as on insert to t do also (select 1; select 2);'],
    ['a dollar sign inside a name', 'select a$b$c, d from t;'],
    ['a setting of the transaction', `set local lock_timeout = '2s'`],
  ])('is accepted with %s', (_, sql) => {
    expect(statementProblem(sql)).toBeNull();
  });
});

describe('a piece that cannot be sent', () => {
  it('is refused when it holds two statements', () => {
    expect(statementProblem('select 1; select 2;')).toMatch(/holds 2 statements.*--> statement-breakpoint/);
  });

  it.each(['begin', 'commit;', 'ROLLBACK', '-- done\nend;', 'start transaction', 'savepoint a'])(
    'is refused when it controls the transaction: %s',
    (sql) => {
      expect(statementProblem(sql)).toMatch(/controls the transaction/);
    },
  );

  it.each(["set search_path = 'x'", 'SET ROLE admin', 'set session authorization bob'])(
    'is refused when it changes a setting of the session: %s',
    (sql) => {
      expect(statementProblem(sql)).toMatch(/set local/);
    },
  );

  it('is refused when the rest of the batch would run as somebody else', () => {
    expect(statementProblem('set local role gatehouse_admin;')).toMatch(/changes who runs the rest of the batch/);
  });

  it('is found in megabytes of anything', () => {
    const text = `insert into t values ('${"it''s; -- no ".repeat(300_000)}');${'$('.repeat(1_000_000)}`;
    expect(statementProblem(text)).toMatch(/holds 2 statements/);
  });
});
