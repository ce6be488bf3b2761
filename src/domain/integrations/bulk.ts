/** Many links in one trip. Each item stands by itself: a bad one is answered with its index and reason. */
import type { GatedContext } from '../../context.ts';
import { firstValue, plain } from '../../db/statement.ts';
import { AppError, errors, type ErrorCode } from '../../errors.ts';
import { sideBySide } from '../../lib/side-by-side.ts';
import { type BulkLinkInput, type BulkUnlinkInput, type BrokenItem, isBroken } from './inputs.ts';
import { resolveUser } from './link.ts';
import { hasSecrets, linkRow } from './link-row.ts';
import { learnConnectors } from './service-connectors.ts';
import type { BulkLinked, BulkUnlinked } from './views.ts';

type ForUser = { readonly userId: string };

/**
 * `bulk_link_services_to_user`, tokens sealed first. One trip; with `me` and something to seal two.
 * @throws user.not_found
 */
export async function bulkLink(ctx: GatedContext, { userId, services }: BulkLinkInput & ForUser): Promise<BulkLinked> {
  const { operation } = ctx;
  const sealedFor = services.some((item) => !isBroken(item) && hasSecrets(item))
    ? await resolveUser(ctx, userId)
    : null;
  const { good, broken } = sorted(services);
  const links = await eachOf(good, async ({ item, index }) => ({
    ...item,
    id: await operation.id(`integration ${index}`),
    eventId: await operation.id(`event ${index}`),
  }));
  const attempt = async () => {
    const rows = await eachOf(links, (link) => linkRow(ctx, sealedFor, link));
    return ask(ctx, 'select public.bulk_link_services_to_user(gatehouse.uid(), $1::jsonb) as answer', rows);
  };
  let results = await attempt();
  if (results.some(({ code }) => code === 'integration.sealed')) {
    await learnConnectors(ctx);
    results = await attempt();
  }
  const found = results.map(({ integration_id: integrationId, ...result }) => ({
    ...viewOf(result, good),
    integrationId,
  }));
  return together([...found, ...broken]);
}

/** `bulk_unlink_services_from_user`: softly. One trip. @throws user.not_found */
export async function bulkUnlink(ctx: GatedContext, { services }: BulkUnlinkInput): Promise<BulkUnlinked> {
  const { operation } = ctx;
  const { good, broken } = sorted(services);
  const rows = await eachOf(good, async ({ item, index }) => ({
    service_id: item.serviceId,
    external_user_id: item.externalUserId,
    event_id: await operation.id(`event ${index}`),
  }));
  const text = 'select public.bulk_unlink_services_from_user(gatehouse.uid(), $1::jsonb) as answer';
  const results = await ask(ctx, text, rows);
  const found = results.map(({ unlinked, ...result }) => ({ ...viewOf(result, good), unlinked }));
  return together([...found, ...broken]);
}

/** A few at a time: the first of them derive the user's key, and the rest find it. */
async function eachOf<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  await sideBySide([...items.entries()], 8, async ([index, item]) => {
    results[index] = await work(item);
  });
  return results;
}

interface Placed<T> {
  readonly item: T;
  readonly index: number;
}

/** Items that fit with their place in the list, and the answers for those that do not. */
function sorted<T extends object>(items: readonly (T | BrokenItem)[]) {
  const good: Placed<T>[] = [];
  const broken: ItemView[] = [];
  for (const [index, item] of items.entries()) {
    if (!isBroken(item)) good.push({ item, index });
    else
      broken.push({ index, serviceId: item.serviceId, success: false, code: 'input.invalid', message: item.problem });
  }
  return { good, broken };
}

/** One result of the SQL functions. */
interface ItemResult {
  readonly index: number;
  readonly service_id: string;
  readonly success: boolean;
  readonly integration_id?: string;
  readonly unlinked?: number;
  readonly code?: ErrorCode;
  readonly error?: string;
}

interface ItemView {
  readonly index: number;
  readonly serviceId: string | null;
  readonly success: boolean;
  readonly code?: ErrorCode;
  readonly message?: string;
}

/** An unknown user is not the fault of an item. */
async function ask(ctx: GatedContext, text: string, items: readonly object[]): Promise<readonly ItemResult[]> {
  const [rows] = await ctx.gate(() => [plain(text, [JSON.stringify(items)])]);
  const { results } = firstValue<{ readonly results: readonly ItemResult[] }>(rows, 'answer');
  if (results.some(({ code }) => code === 'user.not_found')) throw new AppError('user.not_found');
  return results;
}

function viewOf({ index, service_id: serviceId, success, code, error }: ItemResult, good: readonly Placed<object>[]) {
  const view = { index: good[index]?.index ?? index, serviceId, success };
  if (success) return view;
  // What PostgreSQL itself says of a value is not for callers.
  const known = code ?? 'input.invalid';
  const message = known === 'input.invalid' || !error ? errors[known].message : `${error}.`;
  return { ...view, code: known, message };
}

function together<T extends ItemView>(views: readonly T[]) {
  const results = views.toSorted((a, b) => a.index - b.index);
  const succeeded = results.filter(({ success }) => success).length;
  return { total: results.length, succeeded, failed: results.length - succeeded, results };
}
