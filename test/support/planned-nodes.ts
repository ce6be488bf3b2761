/** The plans that PostgreSQL itself chose inside SQL functions, as auto_explain tells them. */
import type pg from 'pg';

/** A node of a plan, of which tests read a few fields. */
export interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Index Name'?: string;
  readonly Plans?: readonly PlanNode[];
}

const SETTINGS = [
  "load 'auto_explain'",
  'set auto_explain.log_min_duration = 0',
  'set auto_explain.log_nested_statements = on',
  "set auto_explain.log_format = 'json'",
  "set auto_explain.log_level = 'notice'",
];

/**
 * Every node of every plan of a statement run as a role, those inside its functions too. What it changes is undone.
 * @param client a superuser's: others may not load the module
 */
export async function plannedNodes(
  client: pg.Client,
  { role, statement }: { readonly role: string; readonly statement: string },
): Promise<PlanNode[]> {
  const plans: PlanNode[] = [];
  const read = ({ message = '' }: { readonly message?: string }) => {
    const text = /plan:\n([\s\S]*)$/.exec(message)?.[1];
    if (text !== undefined) plans.push((JSON.parse(text) as { readonly Plan: PlanNode }).Plan);
  };
  for (const setting of SETTINGS) await client.query(setting);
  client.on('notice', read);
  try {
    await client.query('begin');
    await client.query("select set_config('role', $1, true)", [role]);
    await client.query(statement);
  } finally {
    await client.query('rollback');
    client.off('notice', read);
    await client.query('set auto_explain.log_min_duration = -1');
  }
  return plans.flatMap(flatten);
}

function flatten(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(flatten)];
}
