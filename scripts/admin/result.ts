/** What came of a command. */
export interface Result {
  /** For programs. */
  readonly data: object;
  /** For people, on standard output. */
  readonly lines: readonly string[];
  /** For people, on standard error. */
  readonly notes?: readonly string[];
}

/** What a command may be refused for. A program may switch on it. */
export type RefusalCode =
  | 'database.refused'
  | 'database.unreachable'
  | 'internal.error'
  | 'token.not_found'
  | 'user.not_found'
  | 'user.mismatch'
  | 'user.recently_changed'
  | 'user.unverified';

/** An expected refusal: one clear line, exit code 1. */
export class Refusal extends Error {
  readonly code: RefusalCode;

  constructor(code: RefusalCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'Refusal';
    this.code = code;
  }
}
