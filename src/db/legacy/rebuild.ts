/** Puts the schema in its new order, once the rows are moved, and says how it was. */
import { identifier } from '../migrate/quote.ts';
import type { Aside, LegacyCatalogue, MovedForeignKey } from './catalogue.ts';
import { addConstraints, addForeignKey, dropForeignKey } from './foreign-keys.ts';
import type { Movable } from './inspect.ts';
import { analyze } from './move.ts';
import type { Progress } from './report.ts';
import { type LegacySession, qualified } from './session.ts';
import { type InTheWay, KEPT, VIEWS } from './source.ts';
import { createViews, grantVerification } from './views.ts';
import { createWrappers } from './wrappers.ts';

/** Foreign keys to our users, the table renamed, views and functions in its place. The caller holds the transaction. */
export async function rebuildSchema(
  session: LegacySession,
  inspection: Movable,
  onProgress: (progress: Progress) => void,
): Promise<LegacyCatalogue> {
  const { source, foreignKeys: plans } = inspection;
  // What was written just now is unknown to the planner, which has to join it to the tables of the foreign keys.
  await analyze(session);
  for (const { key } of plans) await dropForeignKey(session, key);
  const constraints = await addConstraints(session, plans);
  const foreignKeys: MovedForeignKey[] = [];
  for (const plan of plans) {
    foreignKeys.push(await addForeignKey(session, plan));
    onProgress({ step: 'foreign_keys', done: foreignKeys.length, total: plans.length });
  }
  const asides: Aside[] = [];
  for (const thing of inspection.asides) asides.push(await putAside(session, source.schema, thing));
  if (source.name !== KEPT) await session.query(`alter table ${qualified(source)} rename to ${identifier(KEPT)}`);
  const usageGranted = await createViews(session, source);
  const granted = await grantVerification(session, source);
  const functions = await createWrappers(session, source.schema);
  onProgress({ step: 'views', done: 1, total: 1 });
  return {
    version: 1,
    source: { name: source.name },
    columns: source.columns,
    foreignKeys,
    constraints,
    asides,
    views: [...VIEWS],
    functions,
    granted,
    usageGranted,
  };
}

async function putAside(session: LegacySession, schema: string, thing: InTheWay): Promise<Aside> {
  const renamedTo = `${thing.name}_unfinished`;
  const at = qualified({ schema, name: thing.name });
  if (thing.kind === 'table') {
    await session.query(`alter table ${at} rename to ${identifier(renamedTo)}`);
    return { kind: 'table', name: thing.name, renamedTo };
  }
  const types = thing.arguments ?? '';
  await session.query(`alter routine ${at}(${types}) rename to ${identifier(renamedTo)}`);
  return { kind: 'function', name: thing.name, renamedTo, arguments: types };
}
