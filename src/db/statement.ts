import type { BatchItem } from 'drizzle-orm/batch';
import type { NeonHttpDatabase } from 'drizzle-orm/neon-http';

/** Builds statements. Nothing is sent until the list goes through `Connection.send`. */
export type Db = Omit<NeonHttpDatabase, 'batch' | 'transaction' | '$client'>;

/** A statement as it is sent, for calls of SQL functions: no builder to run on every request. */
export interface PlainStatement {
  /** With `$1`, `$2`, … for the parameters. */
  readonly text: string;
  readonly params: readonly unknown[];
}

/** What a plain statement gives: rows by column name, values as the driver reads their types. */
export interface PlainResult {
  readonly rows: readonly Record<string, unknown>[];
  readonly rowCount: number;
}

/** One statement of a list: built by Drizzle, or plain. */
export type Statement = BatchItem<'pg'> | PlainStatement;

/** The rows each statement of a list gives, in order. */
export type Results<T extends readonly Statement[]> = {
  [K in keyof T]: T[K] extends PlainStatement
    ? PlainResult
    : T[K] extends BatchItem<'pg'>
      ? T[K]['_']['result']
      : never;
};

/** A statement whose text is fixed. Everything that varies is a parameter. */
export function plain(text: string, params: readonly unknown[] = []): PlainStatement {
  return { text, params };
}

/**
 * A Drizzle statement that is the same in every call, since what differs is in the transaction's identity: built once
 * for each login instead of once a request.
 */
export function fixed<T extends Statement>(build: (db: Db) => T): (db: Db) => T {
  const built = new WeakMap<Db, T>();
  return (db) => {
    const known = built.get(db) ?? build(db);
    built.set(db, known);
    return known;
  };
}

/** One column of the first row of a plain statement. */
export function firstValue<T>(result: PlainResult, column: string): T {
  return result.rows[0]?.[column] as T;
}
