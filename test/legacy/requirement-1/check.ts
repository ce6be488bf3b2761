import { expect, it } from 'vitest';
import type { MovedDatabase } from './database.ts';
import { functions } from './functions.ts';
import { queries } from './queries.ts';
import type { Statement } from './statement.ts';
import { variations } from './variations.ts';
import { refusals, verification } from './verification.ts';

const all = [...queries, ...functions, ...verification, ...refusals, ...variations];

/** One test for each statement of requirement 1, and of its kind. */
export function checkStatements(database: () => MovedDatabase, tokens: 'sealed' | 'plain'): void {
  const chosen = all.filter(({ only = tokens }) => only === tokens);
  it.each(chosen.map((statement, i) => [`${i + 1}. ${statement.title}`, statement] as const))(
    '%s',
    async (_, statement) => {
      const { sql, params, after } = statement;
      const run = statement.as === 'owner' ? database().asOwner : database().asClient;
      const answers = run([sql, params], ...(after ? [[after[0]] as const] : []));
      if (statement.refused) {
        await expect(answers).rejects.toMatchObject({ code: statement.refused });
        return;
      }
      const [answer, left] = await answers;
      check(statement, answer);
      if (after) expect(left?.rows).toMatchObject(after[1]);
    },
  );
}

function check(
  { columns, rows, match }: Statement,
  answer: Awaited<ReturnType<MovedDatabase['asClient']>>[number] | undefined,
) {
  if (columns) expect(answer?.columns).toEqual(columns);
  if (rows !== undefined) expect(answer?.count).toBe(rows);
  if (match) expect(answer?.rows).toMatchObject(match);
}
