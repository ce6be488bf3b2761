/** What stands between two statements of a migration file; drizzle-kit writes it. */
export const BREAKPOINT = '--> statement-breakpoint';

const SKIPS = [
  /--[^\n]*/y,
  /[eE]'(?:[^'\\]|\\[\s\S]|'')*'/y,
  /'(?:[^']|'')*'/y,
  /"(?:[^"]|"")*"/y,
  /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$[\s\S]*?\$\1\$/y,
] as const;

/** The statements of a migration file, in order; pieces that hold nothing but comments are left out. */
export function splitStatements(sql: string): string[] {
  return sql
    .split(BREAKPOINT)
    .map((piece) => piece.trim())
    .filter((piece) => skeleton(piece).trim() !== '');
}

/**
 * Why a piece cannot be sent as one statement of an atomic batch, or null if it can.
 * Transaction control would end the batch's own transaction; a session setting would stay in a pooled connection.
 */
export function statementProblem(piece: string): string | null {
  const code = skeleton(piece);
  if (!/\bbegin\s+atomic\b/i.test(code)) {
    const parts = topLevelParts(code);
    if (parts > 1) return `holds ${parts} statements; put "${BREAKPOINT}" between them`;
  }
  const words = code.trim().toLowerCase();
  if (/^(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b/.test(words)) {
    return 'controls the transaction, which the migration engine does; remove it';
  }
  if (/^set\s+local\s+(role|session)\b/.test(words)) {
    return 'changes who runs the rest of the batch; name the role in the statement that needs it (alter … owner to, grant)';
  }
  if (/^set\s+(?!local\b|constraints\b|transaction\b)/.test(words)) {
    return 'changes a setting of the session, which would stay in a pooled connection; write "set local"';
  }
  return null;
}

/** The text with comments, literals, quoted names and dollar-quoted bodies blanked: what remains is keywords and `;`. */
function skeleton(sql: string): string {
  let out = '';
  for (let at = 0; at < sql.length;) {
    const length = skipLength(sql, at);
    if (length > 0) {
      // A blanked literal leaves a mark, so that a piece of one literal is not mistaken for an empty one.
      out += sql.startsWith('--', at) || sql.startsWith('/*', at) ? ' ' : ' _ ';
      at += length;
    } else {
      out += sql[at] ?? '';
      at += 1;
    }
  }
  return out;
}

function skipLength(sql: string, at: number): number {
  if (!'-/eE\'"$'.includes(sql[at] ?? ' ')) return 0;
  if (sql.startsWith('/*', at)) return blockCommentLength(sql, at);
  if (/\w/.test(sql[at - 1] ?? '') && /[eE$]/.test(sql[at] ?? '')) return 0;
  for (const pattern of SKIPS) {
    pattern.lastIndex = at;
    const found = pattern.exec(sql);
    if (found !== null) return found[0].length;
  }
  return 0;
}

/** Block comments nest in PostgreSQL. */
function blockCommentLength(sql: string, from: number): number {
  let depth = 0;
  for (let at = from; at < sql.length;) {
    const two = sql.slice(at, at + 2);
    if (two === '/*') depth += 1;
    if (two === '*/') depth -= 1;
    at += two === '/*' || two === '*/' ? 2 : 1;
    if (depth === 0) return at - from;
  }
  return sql.length - from;
}

/** How many statements there are, `;` inside parentheses (rules) not counted. */
function topLevelParts(code: string): number {
  let depth = 0;
  const parts = [''];
  for (const character of code) {
    if (character === '(') depth += 1;
    if (character === ')') depth -= 1;
    if (character === ';' && depth === 0) parts.push('');
    else parts[parts.length - 1] += character;
  }
  return parts.filter((part) => part.trim() !== '').length;
}
