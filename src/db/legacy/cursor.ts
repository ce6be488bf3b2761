import type { LegacySession, Row } from './session.ts';

/**
 * The rows of a query in batches, through a cursor: memory holds one batch. The rows are those of its beginning, whatever
 * is written meanwhile. In a transaction alone.
 * @param select without parameters
 */
export async function* inBatches(
  session: LegacySession,
  { name, select, size }: { readonly name: string; readonly select: string; readonly size: number },
): AsyncGenerator<Row[]> {
  await session.query(`declare ${name} no scroll cursor for ${select}`);
  for (;;) {
    const rows = await session.query(`fetch ${size} from ${name}`);
    if (rows.length === 0) break;
    yield rows;
  }
  await session.query(`close ${name}`);
}
