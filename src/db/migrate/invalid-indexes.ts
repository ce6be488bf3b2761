import type { MigrationConnection } from './connection.ts';
import { MigrationError } from './errors.ts';

/**
 * Indexes a broken-off `create index concurrently` left behind, qualified and quoted: they cost every write and serve no
 * read. One that is being built just now is not among them.
 */
export async function invalidIndexes(connection: MigrationConnection): Promise<string[]> {
  const rows = await connection.single({
    query: `select format('%I.%I', n.nspname, c.relname) as name
      from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
      where not i.indisvalid and n.nspname in ('public', 'gatehouse') and pg_has_role(c.relowner, 'USAGE')
        and c.relkind = 'i'
        and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
      order by 1`,
  });
  return rows.map((row) => String(row['name']));
}

/** What to do about them, one line each. `next` is the command that then goes on. */
export function invalidIndexAdvice(names: readonly string[], next = 'npm run migrate:push'): string {
  return names
    .map(
      (name) => `Index ${name} is INVALID: building it broke off. Run: drop index concurrently ${name}; then: ${next}`,
    )
    .join('\n');
}

/** @throws MigrationError `index.invalid` if there is any. */
export async function requireValidIndexes(connection: MigrationConnection): Promise<void> {
  const names = await invalidIndexes(connection);
  if (names.length > 0) throw new MigrationError('index.invalid', invalidIndexAdvice(names));
}
