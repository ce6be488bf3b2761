/** One statement of a SQL client, and what its answer looks like. */
export interface Statement {
  readonly title: string;
  readonly sql: string;
  readonly params?: readonly unknown[];
  /** The names of the answer's columns, in their order. */
  readonly columns?: readonly string[];
  /** How many rows it answers, or changes. */
  readonly rows?: number;
  /** What its rows have, each. */
  readonly match?: readonly object[];
  /** A statement after it, in the same transaction, and what that one's rows have. */
  readonly after?: readonly [sql: string, match: readonly object[]];
  /** Its SQLSTATE, where it is refused. */
  readonly refused?: string;
  /** Where it holds for a move that sealed, or for one that left values as text. */
  readonly only?: 'sealed' | 'plain';
  /** Who runs it: the owner where the catalogue shows foreign keys to no one else. */
  readonly as?: 'owner';
}

/** Who they are about: has Gmail, Google Calendar, Telegram and Signal, and no WhatsApp. */
export const USER = 'user_123';
