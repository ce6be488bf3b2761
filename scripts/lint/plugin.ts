/** Lint rules of our own: DESIGN §2's bans, which no rule of the linter knows. */

interface Node {
  readonly type: string;
  readonly [key: string]: unknown;
}
interface RuleContext {
  report(problem: { node: Node; message: string }): void;
}

const sqlBans: readonly [pattern: RegExp, why: string][] = [
  [
    /\bset_config\s*\([^)]*,\s*false\s*\)/i,
    'set_config(…, false) outlives the transaction: Neon hands connections on.',
  ],
  [
    /^\s*set\s+(?!local\b|constraints\b|transaction\b)[a-z_.]+\s*(?:=|to\b)/im,
    'A session-level SET outlives the transaction. Use SET LOCAL.',
  ],
  [/\bset\s+session\s+(?!characteristics)/i, 'A session-level SET outlives the transaction. Use SET LOCAL.'],
  [/\bcreate\s+(?:local\s+|global\s+)?temp(?:orary)?\b/i, 'Temporary tables outlive the transaction.'],
  [
    /\bpg_(?:try_)?advisory_lock(?:_shared)?\s*\(/i,
    'A session advisory lock outlives the transaction. Use pg_advisory_xact_lock.',
  ],
];

const noSqlRaw = {
  create: (context: RuleContext) => ({
    MemberExpression(node: Node) {
      const { object, property } = node as unknown as { object: { name?: string }; property: { name?: string } };
      if (object.name === 'sql' && property.name === 'raw') {
        context.report({
          node,
          message: 'sql.raw puts text into SQL. Use a parameter, sql.identifier or a literal statement.',
        });
      }
    },
  }),
};

const noSessionState = {
  create: (context: RuleContext) => {
    const check = (node: Node, text: string) => {
      const ban = sqlBans.find(([pattern]) => pattern.test(text));
      if (ban) context.report({ node, message: ban[1] });
    };
    return {
      TemplateElement: (node: Node) => check(node, (node as unknown as { value: { raw: string } }).value.raw),
      Literal: (node: Node) => {
        if (typeof node.value === 'string') check(node, node.value);
      },
    };
  },
};

// oxlint-disable-next-line no-default-export -- the linter asks for it
export default {
  meta: { name: 'gatehouse' },
  rules: { 'no-sql-raw': noSqlRaw, 'no-session-state': noSessionState },
};
