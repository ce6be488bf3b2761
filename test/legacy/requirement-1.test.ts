import { afterAll, beforeAll, describe } from 'vitest';
import { checkStatements } from './requirement-1/check.ts';
import { type MovedDatabase, openMovedPglite } from './requirement-1/database.ts';

let database: MovedDatabase;
beforeAll(async () => void (database = await openMovedPglite()));
afterAll(() => database?.close());

describe('on a legacy schema that was moved, a SQL client runs', () => {
  checkStatements(() => database, 'sealed');
});
