/** Requests that no driver sends, and what is said about them. */

export const select = { query: 'select 1 as one' };

/** What is wrong, the body, what the message must say. */
export const malformedBodies: [string, unknown, RegExp][] = [
  ['no body', '', /not valid JSON/],
  ['half a body', '{"query": "select 1"', /not valid JSON/],
  ['a list', [], /must be an object/],
  ['a string', '"select 1"', /must be an object/],
  ['null', 'null', /must be an object/],
  ['no query', {}, /neither "query" .* nor "queries"/],
  ['a query that is no string', { query: 1 }, /query must be a string/],
  ['a query with a zero byte', { query: 'select 1\0' }, /query holds a zero byte/],
  ['a query with half a surrogate pair', '{"query": "select \'\\ud800\'"}', /lone surrogate/],
  ['params that are no list', { query: 'select 1', params: { a: 1 } }, /params must be a list/],
  ['params that are null', { query: 'select 1', params: null }, /params must be a list/],
  ['a param with half a surrogate pair', '{"query": "select $1", "params": ["\\udfff"]}', /params\[0\]/],
  ['too many params', { query: 'select 1', params: Array(65_536).fill(1) }, /more than 65535/],
  ['an array mode that is no boolean', { ...select, arrayMode: 'yes' }, /arrayMode must be/],
  ['queries that are no list', { queries: select }, /neither/],
  ['a statement that is no object', { queries: [select, 'select 1'] }, /queries\[1\] must be/],
  ['a statement without a query', { queries: [select, {}] }, /queries\[1\]\.query must be/],
  ['COPY from the client', { query: 'copy t from stdin' }, /COPY FROM STDIN/],
  ['COPY to the client', { query: '-- x\n COPY (select 1) TO STDOUT' }, /COPY TO STDOUT/],
];

/** What is wrong, the connection string, what the message must say. */
export const malformedConnectionStrings: [string, string, RegExp][] = [
  ['no connection string', '', /Neon-Connection-String is missing/],
  ['no URL', 'host=localhost', /not a URL/],
  ['another scheme', 'mysql://u:p@h/db', /scheme/],
  ['no user', 'postgresql://localhost/db', /missing username/],
  ['no database', 'postgresql://u:p@localhost', /missing database name/],
  ['a broken escape', 'postgresql://u:%E0%A4@localhost/db', /password is not valid percent-encoding/],
];
