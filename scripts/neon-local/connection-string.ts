import { RequestError } from './errors.ts';
import type { Login } from './types.ts';

const known = new Map<string, Login>();

/**
 * Reads a PostgreSQL URL, as in the header `Neon-Connection-String`.
 * @returns user, password (null when absent) and database, percent-decoded
 * @throws RequestError 400 that says what is missing; it never repeats the string, which holds a
 * password
 */
export function parseConnectionString(text: string | undefined): Login {
  if (text === undefined || text === '') {
    throw invalid('the header Neon-Connection-String is missing');
  }
  const cached = known.get(text);
  if (cached) return cached;
  const login = parse(text);
  if (known.size >= 1000) known.clear();
  known.set(text, login);
  return login;
}

function parse(text: string): Login {
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw invalid('it is not a URL');
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    throw invalid('incorrect scheme: it must start with postgresql:// or postgres://');
  }
  const login = {
    user: decoded(url.username, 'username'),
    password: url.password === '' ? null : decoded(url.password, 'password'),
    database: decoded(url.pathname.split('/')[1] ?? '', 'database name'),
  };
  if (login.user === '') throw invalid('missing username');
  if (url.hostname === '') throw invalid('missing hostname');
  if (login.database === '') throw invalid('missing database name');
  return login;
}

function decoded(part: string, name: string): string {
  let text: string;
  try {
    text = decodeURIComponent(part);
  } catch {
    throw invalid(`the ${name} is not valid percent-encoding`);
  }
  if (text.includes('\0')) throw invalid(`the ${name} holds a zero byte`);
  return text;
}

function invalid(reason: string): RequestError {
  return new RequestError(400, '08001', `invalid connection string: ${reason}`);
}
