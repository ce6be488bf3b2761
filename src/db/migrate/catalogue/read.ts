import type { MigrationConnection } from '../connection.ts';
import { catalogueQueries } from './queries.ts';

/** One object of a database as the model sees it. */
export interface CatalogueItem {
  readonly kind: string;
  readonly key: string;
  /** Key of the table, view or function it is part of (a table is part of itself); null where it stands alone. */
  readonly partOf: string | null;
  readonly definition: string;
}

/** All objects of schemas public and gatehouse, by kind and key, in a form in which PostgreSQL 15 to 18 agree. */
export type Catalogue = ReadonlyMap<string, CatalogueItem>;

/** Reads the model of a database, in one round trip. */
export async function readCatalogue(connection: MigrationConnection): Promise<Catalogue> {
  const [, schemas, ...results] = await connection.batch([
    {
      // An empty path makes the server qualify every name; the rest decides how constants are printed.
      query: `select set_config('search_path', '', true), set_config('timezone', 'UTC', true),
        set_config('datestyle', 'ISO, YMD', true), set_config('intervalstyle', 'postgres', true)`,
    },
    { query: 'select nspname::text as name from pg_namespace' },
    ...catalogueQueries.map(({ query }) => ({ query })),
  ]);
  const known = new Set((schemas ?? []).map((row) => String(row['name'])));
  const items = new Map<string, CatalogueItem>();
  catalogueQueries.forEach(({ kind }, index) => {
    for (const row of results[index] ?? []) {
      const key = String(row['key']);
      const partOf = typeof row['part_of'] === 'string' ? row['part_of'] : null;
      items.set(`${kind} ${key}`, { kind, key, partOf, definition: normalise(kind, String(row['definition']), known) });
    }
  });
  return items;
}

/** Kinds whose text the server prints from a parsed query, where versions differ in how they qualify columns. */
const PRINTED_QUERIES = new Set(['policy', 'view', 'rule']);

/**
 * One form for all versions: spaces folded; and, in printed queries, columns without their table (16 stopped to qualify
 * them where there is but one table). Names of schemas stay.
 */
export function normalise(kind: string, definition: string, schemas: ReadonlySet<string>): string {
  if (!PRINTED_QUERIES.has(kind)) return definition.trim();
  return definition
    .replaceAll(/\s+/g, ' ')
    .replaceAll(/("[^"]+"|\b[a-z_][\w$]*)\.(?=["a-z_*])/gi, (whole, name: string) =>
      schemas.has(name.replaceAll('"', '')) ? whole : '',
    )
    .trim();
}
