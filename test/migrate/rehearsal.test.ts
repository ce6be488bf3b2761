import { fileURLToPath } from 'node:url';

import { expect, it } from 'vitest';

import { compareCatalogues } from '../../src/db/migrate/catalogue/compare.ts';
import { readCatalogue } from '../../src/db/migrate/catalogue/read.ts';
import { readMigrations } from '../../src/db/migrate/files.ts';
import { applyMigrations, rollbackMigrations } from '../../src/db/migrate/index.ts';
import { useDatabase } from './support.ts';

const { connection } = useDatabase();
const directory = fileURLToPath(new URL('../../drizzle', import.meta.url));

it(
  "Gatehouse's own migrations go up, down one by one and up again, and each state is what it was",
  { timeout: 180_000 },
  async () => {
    const files = await readMigrations(directory);
    expect(files.length).toBeGreaterThan(0);
    const states = [await readCatalogue(connection)];
    for (const { name } of files) {
      await applyMigrations({ connection, directory, upTo: name, statementTimeout: 0 });
      states.push(await readCatalogue(connection));
    }
    for (const { name } of files.toReversed()) {
      await rollbackMigrations({ connection, directory, steps: 1, statementTimeout: 0 });
      const before = states[files.findIndex((file) => file.name === name)] ?? new Map();
      expect(compareCatalogues(before, await readCatalogue(connection)), `after the down file of ${name}`).toEqual({
        drift: [],
        others: [],
      });
    }
    await applyMigrations({ connection, directory, statementTimeout: 0 });
    expect(await readCatalogue(connection)).toEqual(states.at(-1));
  },
);
