/** Body and headers of a request to `/sql`, checked and turned into a SqlRequest. */
import type { IncomingHttpHeaders } from 'node:http';
import { parseConnectionString } from './connection-string.ts';
import { RequestError } from './errors.ts';
import { paramText } from './params.ts';
import type { SqlRequest, Statement } from './types.ts';

/** The protocol counts parameters in 16 bits. */
const maxParams = 65_535;

const isolationLevels = new Map([
  ['ReadUncommitted', 'READ UNCOMMITTED'],
  ['ReadCommitted', 'READ COMMITTED'],
  ['RepeatableRead', 'REPEATABLE READ'],
  ['Serializable', 'SERIALIZABLE'],
]);

/**
 * Reads a request.
 * @param body the JSON text: `{query, params?, arrayMode?}` or `{queries: […]}`
 * @throws RequestError 400 that names the header or field that is wrong
 */
export function parseRequest(headers: IncomingHttpHeaders, body: string): SqlRequest {
  const login = parseConnectionString(header(headers, 'Neon-Connection-String'));
  const rawText = flag(headers, 'Neon-Raw-Text-Output');
  const arrayMode = flag(headers, 'Neon-Array-Mode');
  const begin = beginStatement(headers);
  const payload = parseJson(body);
  if (!isRecord(payload)) throw malformed('the body must be an object with "query" or "queries"');
  if (payload['query'] !== undefined) {
    return { login, rawText, begin: undefined, statements: [statement(payload, '', arrayMode)] };
  }
  const queries = payload['queries'];
  if (!Array.isArray(queries)) {
    throw malformed('the body has neither "query" (a string) nor "queries" (a list)');
  }
  const statements = queries.map((query, i) => statement(query, `queries[${i}].`, arrayMode));
  return { login, rawText, begin, statements };
}

function statement(value: unknown, path: string, defaultArrayMode: boolean): Statement {
  if (!isRecord(value)) throw malformed(`${path.slice(0, -1)} must be an object with "query"`);
  const { query, params = [], arrayMode = defaultArrayMode } = value;
  if (typeof query !== 'string') throw malformed(`${path}query must be a string`);
  checkText(query, `${path}query`);
  if (query.includes('\0')) throw malformed(`${path}query holds a zero byte`);
  if (!Array.isArray(params)) throw malformed(`${path}params must be a list`);
  if (params.length > maxParams) throw malformed(`${path}params has more than ${maxParams} values`);
  if (arrayMode !== null && typeof arrayMode !== 'boolean') {
    throw malformed(`${path}arrayMode must be true or false`);
  }
  refuseCopy(query);
  return {
    text: query,
    params: params.map((param, i) => checkedParam(param, `${path}params[${i}]`)),
    arrayMode: arrayMode ?? defaultArrayMode,
  };
}

function checkedParam(value: unknown, name: string): string | null {
  const text = paramText(value);
  if (text !== null) checkText(text, name);
  return text;
}

/** JSON can spell half a surrogate pair, UTF-8 cannot: it would arrive as another character. */
function checkText(text: string, name: string): void {
  if (!text.isWellFormed()) throw malformed(`${name} holds a lone surrogate, which is not text`);
}

// Leading comments are matched in one way only: else many of them would take exponential time.
const copyStream = /^(?:\s|--.*\n|\/\*(?:[^*]|\*(?!\/))*\*\/)*copy\b[^]*\b(?:stdin|stdout)\b/i;

/** COPY over the connection itself would wait for data that HTTP has no way to send. */
function refuseCopy(query: string): void {
  if (copyStream.test(query)) {
    throw new RequestError(400, '0A000', 'COPY FROM STDIN and COPY TO STDOUT do not work over HTTP');
  }
}

function beginStatement(headers: IncomingHttpHeaders): string {
  let begin = 'BEGIN';
  const isolation = header(headers, 'Neon-Batch-Isolation-Level');
  if (isolation !== undefined) {
    const level = isolationLevels.get(isolation);
    if (level === undefined) {
      const levels = [...isolationLevels.keys()].join(', ');
      throw malformed(`invalid isolation level: Neon-Batch-Isolation-Level must be one of ${levels}`);
    }
    begin += ` ISOLATION LEVEL ${level}`;
  }
  if (flag(headers, 'Neon-Batch-Read-Only')) begin += ' READ ONLY';
  if (flag(headers, 'Neon-Batch-Deferrable')) begin += ' DEFERRABLE';
  return begin;
}

/** Neon reads anything but "true" as false; a mistyped value is better refused where one develops. */
function flag(headers: IncomingHttpHeaders, name: string): boolean {
  const value = header(headers, name);
  if (value === undefined || value === 'false') return false;
  if (value === 'true') return true;
  throw malformed(`the header ${name} must be "true" or "false"`);
}

function header(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[name.toLowerCase()];
  return Array.isArray(value) ? value.join(', ') : value;
}

// Numbers beyond 2^53 keep their digits: what a client wrote is what PostgreSQL must read.
const longNumber = /\d{16}/;

function parseJson(body: string): unknown {
  try {
    return longNumber.test(body) ? JSON.parse(body, keepDigits) : JSON.parse(body);
  } catch {
    throw malformed('the body is not valid JSON');
  }
}

/** Digits kept as they are written: `JSON.stringify` puts them out again unquoted (ES2026). */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): object };

function keepDigits(_key: string, value: unknown, context?: { source?: string }): unknown {
  const source = context?.source;
  if (typeof value !== 'number' || source === undefined) return value;
  return String(value) === source ? value : rawJSON(source);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(message: string): RequestError {
  return new RequestError(400, '08P01', message);
}
