/** A schema to normalise and roll back, with its original kept beside it. */
import { beforeEach } from 'vitest';
import { rollback, type RollbackOptions, type RollbackResult } from '../../src/db/legacy/index.ts';
import { createLegacySchema, type LegacyPlan } from '../support/legacy-database.ts';
import { catalogueOf, changedRows, keepOriginal, type Query } from '../support/legacy-snapshot.ts';
import { type LegacyDatabase, useLegacyDatabase } from './support.ts';

export interface RollbackDatabase extends LegacyDatabase {
  /** Makes the schema `dev` and remembers what it is. */
  make(plan?: Partial<LegacyPlan>): Promise<void>;
  rollback(options?: RollbackOptions): Promise<RollbackResult>;
  /** What is not as it was: rows, and lines of the catalogue. */
  differences(): Promise<string[]>;
  /** The rows that differ, without the catalogue. */
  rows(): Promise<string[]>;
  /** One value. */
  value(text: string): Promise<unknown>;
}

export function useRollbackDatabase(): RollbackDatabase {
  const database = useLegacyDatabase();
  const query: Query = (text, params) => database.query(text, params ? [...params] : []);
  let before: string[] = [];
  beforeEach(async () => database.run('drop schema if exists dev_original cascade'));
  const rows = async () => changedRows(query, 'dev');
  return {
    ...database,
    rows,
    make: async (plan = {}) => {
      await createLegacySchema(database.run, { users: 60, ...plan });
      await keepOriginal(query, 'dev');
      before = await catalogueOf(query, 'dev');
    },
    rollback: async (options) => {
      const { session, sealer } = database;
      return rollback({ session, schema: 'dev', sealer, options });
    },
    differences: async () => {
      const after = await catalogueOf(query, 'dev');
      const gone = before.filter((line) => !after.includes(line)).map((line) => `-${line}`);
      const came = after.filter((line) => !before.includes(line)).map((line) => `+${line}`);
      return [...(await rows()), ...gone, ...came];
    },
    value: async (text) => Object.values((await database.query(text))[0] ?? {})[0],
  };
}
