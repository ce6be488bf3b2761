import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { AppError, type ErrorCode, errors } from '../src/errors.ts';
import { listProcedures, type ProcedureInfo } from '../src/http/rest/procedures.ts';
import { statusOf } from '../src/http/respond.ts';
import { snakeCase } from '../src/lib/case.ts';
import { appRouter } from '../src/routers/index.ts';
import { Scope, scopes, scopesFor, TokenKind } from '../src/scopes.ts';
import type { Access } from '../src/trpc.ts';
import { attackHead, attackRows } from './support/attack-table.ts';
import { main, readCommandLine } from './support/command-line.ts';

const help = `
npm run docs [-- --check] [--json]

Writes the pages of docs/ that are generated: errors.md from src/errors.ts, procedures.md from the
procedures themselves, the table of scopes in api-tokens.md from src/scopes.ts, and the table of
published attacks in security.md from test/attacks.

  --check    write nothing; exit 1 when a page is stale
  --json     print { stale: [...] }: the pages that were (or would be) changed
`;

const generated = (source: string) => `<!-- Generated from ${source} by \`npm run docs\`. Edit that instead. -->`;

const subjects: Readonly<Record<Access['subject'], string>> = {
  public: 'none',
  self: 'the caller’s user',
  user: '`userId` of the input',
  organization: '`organizationId` of the input',
  platform: 'none',
};

/** As the gate has it (`enter`, `enter_subject`): the tokens that may act on such a subject. */
const kindsOf: Readonly<Record<Access['subject'], readonly TokenKind[]>> = {
  public: [],
  self: ['personal'],
  user: ['personal', 'service'],
  organization: ['personal', 'organization', 'service'],
  platform: ['service'],
};

await main(async () => {
  const { values } = readCommandLine(help, {
    check: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const pages = new Map([
    ['docs/errors.md', renderErrors()],
    ['docs/procedures.md', renderProcedures(listProcedures(appRouter))],
    ['docs/api-tokens.md', withSection('docs/api-tokens.md', 'scopes', renderScopes(listProcedures(appRouter)))],
    ['docs/security.md', withSection('docs/security.md', 'attacks', table(attackHead, attackRows()))],
  ]);
  const stale = [...pages].filter(([file, text]) => !existsSync(file) || readFileSync(file, 'utf8') !== text);
  if (!values.check) for (const [file, text] of stale) writeFileSync(file, text);
  const names = stale.map(([file]) => file);
  if (values.json) console.log(JSON.stringify({ stale: names }));
  else if (names.length === 0) console.log('The generated pages are up to date.');
  else console.log(values.check ? `Stale: ${names.join(', ')}. Run: npm run docs` : `Wrote ${names.join(', ')}.`);
  return values.check && names.length > 0 ? 1 : 0;
});

/** `docs/errors.md`: the error table, for readers. */
function renderErrors(): string {
  const rows = Object.entries(errors).map(([code, entry]) => [
    `\`${code}\``,
    String(statusOf(new AppError(code as ErrorCode))),
    `\`${entry.trpc}\``,
    entry.message,
    'sqlstate' in entry ? `\`${entry.sqlstate}\`` : '',
  ]);
  return `${generated('src/errors.ts')}

# Errors

Every refusal carries a stable code, a message for people and a request id: in REST as
\`{"error": {"code", "message", "request_id", …}}\`, in tRPC as \`data.appCode\` and \`data.requestId\`. Decide by the code; the
message may change. \`SQLSTATE\` is what a SQL function raises for it.

${table(['Code', 'HTTP', 'tRPC', 'Message', 'SQLSTATE'], rows)}`;
}

/** `docs/procedures.md`: procedure → route → access → scope → subject → role → trips. */
function renderProcedures(procedures: readonly ProcedureInfo[]): string {
  const rows = procedures.map(({ name, meta: { access, openapi } }) => [
    `\`${name}\``,
    openapi ? `\`${openapi.method} /v1${snakeCase(openapi.path)}\`` : '',
    access ? describeDemand(access) : 'undeclared',
    access && 'scope' in access && access.scope ? `\`${access.scope}\`` : '',
    access ? subjects[access.subject] : '',
    access ? `\`${roleOf(access)}\`` : '',
    access?.subject === 'public' ? 'at most 2' : '1',
  ]);
  return `${generated('the routers')}

# Procedures

Who may call what, as whom, and at what cost. *Scope* is what an API token must carry; without one, tokens are refused.
*Subject* is the user or organisation the call acts on. *Role* is the database role its statements run under. *Trips* are
round trips to the database; a contract test counts them. An administrator's session that names another user must have been
confirmed within 600 s, whatever the procedure.

${table(['Procedure', 'REST', 'Access', 'Scope', 'Subject', 'Role', 'Trips'], rows)}`;
}

function describeDemand(access: Access): string {
  if (access.subject === 'public') return 'anyone';
  const who =
    access.subject === 'organization'
      ? `organisation ${access.role}`
      : access.subject === 'platform'
        ? 'administrator'
        : 'signed in';
  const { freshWithin, sessionFreshWithin } = access;
  if (sessionFreshWithin) return `${who}, a session confirmed within ${sessionFreshWithin} s`;
  return freshWithin ? `${who}, confirmed within ${freshWithin} s` : who;
}

/** As `openContext` and `gatehouse.enter` choose it. */
function roleOf({ subject }: Access): string {
  if (subject === 'public') return 'gatehouse_system';
  return subject === 'platform' ? 'gatehouse_admin' : 'gatehouse_member';
}

/** The table of scopes, as their list and the procedures have it today. */
function renderScopes(procedures: readonly ProcedureInfo[]): string {
  const rows = Scope.options.map((scope) => {
    const demanding = procedures.flatMap(({ name, meta: { access } }) =>
      access && 'scope' in access && access.scope === scope ? [{ name, access }] : [],
    );
    // The gate asks a fresh proof of whoever calls, and a token has none.
    const ofTokens = demanding.filter(({ access }) => access.freshWithin === undefined);
    const ofSessions = demanding.filter(({ access }) => access.freshWithin !== undefined);
    const isOpenTo = (kind: TokenKind) => ofTokens.some(({ access }) => kindsOf[access.subject].includes(kind));
    const list = (some: typeof demanding) => some.map(({ name }) => `\`${name}\``).join(', ');
    return [
      `\`${scope}\``,
      scopes[scope].summary,
      ...TokenKind.options.map((kind) => (!scopesFor(kind).includes(scope) ? '' : isOpenTo(kind) ? 'yes' : 'no use')),
      [list(ofTokens), ofSessions.length > 0 ? `a session alone: ${list(ofSessions)}` : ''].filter(Boolean).join('; '),
    ];
  });
  const head = ['Scope', 'Allows', 'Personal', 'Organisation', 'Service', 'Procedures'];
  return table(head, rows);
}

/** The file's text with a section of it, which stands between two comments, written anew. */
function withSection(file: string, name: string, text: string): string {
  const page = readFileSync(file, 'utf8');
  const section = new RegExp(`(?<=<!-- ${name}: .*-->\n)[^]*(?=<!-- /${name} -->)`);
  if (!section.test(page)) throw new Error(`${file} has no place for its ${name}.`);
  return page.replace(section, () => `\n${text}\n`);
}

/** Columns padded, so that a change of one row is a diff of one line wherever widths allow, and the source reads well. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const escaped = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(3, ...escaped.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) => `| ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(' | ')} |`;
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  const [first = [], ...others] = escaped;
  return `${[line(first), rule, ...others.map(line)].join('\n')}\n`;
}
