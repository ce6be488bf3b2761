import type { Answer } from './types.ts';

/** The fields of a PostgreSQL error, in the order and under the names of Neon's error body. */
const errorFields = [
  'code',
  'detail',
  'hint',
  'position',
  'internalPosition',
  'internalQuery',
  'severity',
  'where',
  'table',
  'column',
  'schema',
  'dataType',
  'constraint',
  'file',
  'line',
  'routine',
] as const;

/** What a PostgreSQL error, from any driver, offers: strings under the names above. */
export type ErrorSource = { message: string } & {
  [field in (typeof errorFields)[number]]?: string | undefined;
};

/** A request that is refused before, or instead of, being run; `status` is the HTTP status. */
export class RequestError extends Error {
  readonly status: number;
  readonly code: string;

  /** @param code the SQLSTATE that describes the refusal best */
  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Neon's error body as JSON text: every field present, null where PostgreSQL said nothing. */
export function errorBody(source: ErrorSource): string {
  const body: Record<string, string | null> = { message: source.message };
  for (const field of errorFields) body[field] = source[field] ?? null;
  return JSON.stringify(body);
}

/** A PostgreSQL error as Neon answers it: HTTP 400. */
export function errorAnswer(source: ErrorSource): Answer {
  return { status: 400, body: errorBody(source) };
}

/** A refusal of our own as an answer, in the same shape. */
export function refusal(error: RequestError): Answer {
  const { status, code, message } = error;
  return { status, body: errorBody({ message, code, severity: 'ERROR' }) };
}
