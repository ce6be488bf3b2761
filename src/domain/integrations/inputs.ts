/** What callers say about links. Keys as requirement 1 names them. */
import * as z from 'zod';
import { Uuid } from '../../lib/ids.ts';
import { pageInput } from '../../lib/paging.ts';
import { nameText, safeJson, safeText } from '../../lib/text.ts';

const MAX_ITEMS = 1000;
/** Tokens of some providers are JWTs of several kilobytes. */
const token = safeText({ min: 1, max: 16_384 });
const id = safeText({ min: 1, max: 255 });
/** What people see it by. */
const name = nameText({ min: 1, max: 255 });
/** People see that, too. Only a new link is held to it: older ones are found and unlinked by the id that they have. */
const newExternalId = nameText({ min: 1, max: 255 });
const ServiceName = safeText({ min: 1, max: 100 });
const FreeForm = z.record(z.string(), safeJson);
/** RFC 6749 §3.3: printable, without space, quote and backslash. */
const ScopeName = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/, 'is not an OAuth scope');

const linkFields = {
  serviceId: ServiceName,
  /** Who it is at the service. Without it, the one account that is not known. */
  externalUserId: newExternalId.optional(),
  externalUsername: name.optional(),
  displayLabel: name.optional(),
  accessToken: token.optional(),
  refreshToken: token.optional(),
  tokenExpiresAt: z.iso.datetime({ offset: true }).optional(),
  /** The client that the grant was made for, where it is not the deployment's. */
  clientId: id.optional(),
  clientSecret: token.optional(),
  grantedScopes: z.array(ScopeName).max(100).optional(),
  /** Whatever else the service needs. Sealed, and never answered. */
  credentials: FreeForm.optional(),
  /** Added to what is there. */
  metadata: FreeForm.optional(),
};

export const LinkItem = z.object(linkFields);
export type LinkItem = z.infer<typeof LinkItem>;

const besideConnection: readonly string[] = ['serviceId', 'connectionId', 'displayLabel', 'userId'];

export const LinkInput = z
  .object({
    ...linkFields,
    /** A connected account whose grant is to serve; then only `displayLabel` may stand beside it. */
    connectionId: Uuid.optional(),
  })
  .refine(
    (input) =>
      input.connectionId === undefined ||
      Object.entries(input).every(([key, value]) => value === undefined || besideConnection.includes(key)),
    { path: ['connectionId'], error: 'is given with serviceId and displayLabel alone' },
  );
export type LinkInput = z.infer<typeof LinkInput>;

/** Which account of a service; without an id, all of them. */
export const UnlinkItem = z.object({ serviceId: ServiceName, externalUserId: id.optional() });
export type UnlinkItem = z.infer<typeof UnlinkItem>;

/** An item that does not fit spoils no other: it is kept as what is wrong with it. */
export interface BrokenItem {
  readonly problem: string;
  readonly serviceId: string | null;
}

/** A list whose items are judged one by one. Callers' types are those of items that fit. */
function itemsOf<T extends z.ZodObject>(item: T) {
  const broken = (value: unknown, [issue]: readonly z.core.$ZodIssue[]): BrokenItem => ({
    problem: issue
      ? `${issue.path.map(String).join('.') || 'item'}: ${issue.message}`.slice(0, 300)
      : 'It does not fit.',
    serviceId: serviceOf(value),
  });
  const either: z.ZodType<z.output<T> | BrokenItem, z.input<T>> = item.catch(
    ({ value, error }) => broken(value, error.issues) as never,
  );
  return z.array(either).min(1).max(MAX_ITEMS);
}

/** So that a refused item can be found by what it named. */
function serviceOf(value: unknown): string | null {
  const named = z.object({ serviceId: ServiceName }).safeParse(value);
  return named.success ? named.data.serviceId : null;
}

/** Whether an item of a list did not fit. */
export function isBroken(item: object): item is BrokenItem {
  return 'problem' in item;
}

export const BulkLinkInput = z.object({ services: itemsOf(LinkItem) });
export type BulkLinkInput = z.output<typeof BulkLinkInput>;

export const BulkUnlinkInput = z.object({ services: itemsOf(UnlinkItem) });
export type BulkUnlinkInput = z.output<typeof BulkUnlinkInput>;

export const IntegrationId = z.object({ integrationId: Uuid });

export const UpdateIntegrationInput = z.object({
  integrationId: Uuid,
  displayLabel: name.nullable().optional(),
  externalUsername: name.nullable().optional(),
  /** Takes the place of what is there. */
  metadata: FreeForm.optional(),
  /** False disconnects it softly; true brings it back. */
  isActive: z.boolean().optional(),
  /** Makes it the account that is meant when none is named. */
  isPrimary: z.boolean().optional(),
});
export type UpdateIntegrationInput = z.infer<typeof UpdateIntegrationInput>;

export const ListIntegrationsInput = z.object({ ...pageInput.shape, service: ServiceName.optional() });
export type ListIntegrationsInput = z.infer<typeof ListIntegrationsInput>;

export const ServiceInput = z.object({ service: ServiceName });

export const ServiceTokenInput = z.object({
  service: ServiceName,
  /** The account; without it, the primary one. */
  externalUserId: id.optional(),
});
export type ServiceTokenInput = z.infer<typeof ServiceTokenInput>;

export const FindIncompleteInput = z.object({ ...pageInput.shape, service: ServiceName.optional() });
export type FindIncompleteInput = z.infer<typeof FindIncompleteInput>;

export const CleanupInput = z.object({
  /** Only says what would go. */
  dryRun: z.boolean().default(true),
  maxRows: z.int().min(1).max(10_000).default(1000),
});
export type CleanupInput = z.infer<typeof CleanupInput>;
