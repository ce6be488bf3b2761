/** What the API answers about services and what users have linked. Never a token, but in `ServiceToken`. */
import * as z from 'zod';
import { Uuid } from '../../lib/ids.ts';

const moment = z.iso.datetime();
const FreeForm = z.record(z.string(), z.unknown());

export const ServiceView = z.object({
  id: z.string(),
  name: z.string(),
  /** `email`, `calendar`, `messaging`, `storage`. A `messaging` service is linked by its user's id there. */
  type: z.string(),
  provider: z.string(),
  /** Whose grants serve it: an account connected there can be linked. */
  connector: z.string(),
  /** What a grant must allow for it. */
  scopes: z.array(z.string()),
  /** Whether further accounts can be linked. */
  isActive: z.boolean(),
  /** Whether a browser can connect an account of it here. */
  isConnectable: z.boolean(),
  /** For interfaces: icon, colour. */
  metadata: FreeForm,
});
export type ServiceView = z.infer<typeof ServiceView>;

/** How a linked account is, in one word; see `healthOf`. */
export const Health = z.enum([
  'works',
  'refreshing',
  'failing',
  'expired',
  'revoked',
  'error',
  'missing_token',
  'missing_scopes',
  'inactive',
]);
export type Health = z.infer<typeof Health>;

export const IntegrationView = z.object({
  id: Uuid,
  service: z.string(),
  serviceName: z.string(),
  serviceType: z.string(),
  provider: z.string(),
  isActive: z.boolean(),
  /** The account that is meant when none is named: the one chosen, else the earliest active one. */
  isPrimary: z.boolean(),
  displayLabel: z.string().nullable(),
  externalUserId: z.string().nullable(),
  externalUsername: z.string().nullable(),
  /**
   * Of a messaging service: whether a backend said whose account it is, of one user at most. False: the user claims it, as
   * anybody could. Null of other services.
   */
  isVerified: z.boolean().nullable(),
  /** The grant in the vault; null where it has none. */
  connectionId: Uuid.nullable(),
  connectionStatus: z.enum(['active', 'expired', 'revoked', 'error']).nullable(),
  health: Health,
  /** When the token ends; null: not known, or never. */
  tokenExpiresAt: moment.nullable(),
  /** What was granted; null where nobody recorded it. */
  scopes: z.array(z.string()).nullable(),
  /** What the service needs and was not granted: connect it again to add them. */
  missingScopes: z.array(z.string()),
  metadata: FreeForm,
  connectedAt: moment,
  updatedAt: moment,
});
export type IntegrationView = z.infer<typeof IntegrationView>;

/** A user with all linked services, as requirement 1 writes the answer. */
export const UserView = z.object({
  id: z.string(),
  email: z.string().nullable(),
  displayName: z.string().nullable(),
  position: z.string().nullable(),
  role: z.string().nullable(),
  phoneNumber: z.string().nullable(),
  timeZone: z.string().nullable(),
  integrations: z.array(
    z.object({
      id: Uuid,
      service: z.string(),
      serviceName: z.string(),
      /** Left out where nobody knows it. */
      externalUserId: z.string().optional(),
      isActive: z.boolean(),
      connectedAt: moment,
    }),
  ),
});
export type UserView = z.infer<typeof UserView>;

const counts = z.record(z.string(), z.number());

/** The keys of `get_user_integration_stats`. Tokens, services and types are those of active integrations. */
export const StatsView = z.object({
  userId: z.string(),
  totalIntegrations: z.number(),
  activeIntegrations: z.number(),
  inactiveIntegrations: z.number(),
  validTokens: z.number(),
  expiredTokens: z.number(),
  /** Grants that only a person can renew. */
  refreshExpired: z.number(),
  services: counts,
  types: counts,
  firstConnectedAt: moment.nullable(),
  lastUpdatedAt: moment.nullable(),
});
export type StatsView = z.infer<typeof StatsView>;

export const HasServiceView = z.object({
  service: z.string(),
  hasService: z.boolean(),
  hasValidToken: z.boolean(),
});
export type HasServiceView = z.infer<typeof HasServiceView>;

/** The keys of `get_valid_token`. */
export const ServiceToken = z.object({
  /** An access token; null where the account has none. */
  token: z.string().nullable(),
  /** Always null: a refresh token never leaves the vault. */
  refreshToken: z.null(),
  isExpired: z.boolean(),
  expiresAt: moment.nullable(),
  /** Only a person can renew it: connect the account again. */
  refreshExpired: z.boolean(),
  clientId: z.string().nullable(),
  /** Always null. */
  clientSecret: z.null(),
  grantedScopes: z.array(z.string()).nullable(),
});
export type ServiceToken = z.infer<typeof ServiceToken>;

const bulkOf = <T extends z.ZodRawShape>(done: T) =>
  z.object({
    total: z.number(),
    succeeded: z.number(),
    failed: z.number(),
    /** One for each item, in the order of the items. */
    results: z.array(
      z.object({
        /** From 0. */
        index: z.number(),
        serviceId: z.string().nullable(),
        success: z.boolean(),
        ...done,
        /** Of a refused item: the code as any refusal has it. */
        code: z.string().optional(),
        message: z.string().optional(),
      }),
    ),
  });

export const BulkLinked = bulkOf({ integrationId: Uuid.optional() });
export type BulkLinked = z.infer<typeof BulkLinked>;

/** `unlinked`: how many active accounts the item meant. */
export const BulkUnlinked = bulkOf({ unlinked: z.number().optional() });
export type BulkUnlinked = z.infer<typeof BulkUnlinked>;

/** A row of `find_incomplete_integrations`. */
export const IncompleteView = z.object({
  userId: z.string(),
  email: z.string().nullable(),
  integrationId: Uuid,
  service: z.string(),
  serviceName: z.string(),
  /** `missing_token`, `missing_external_user_id`, `token_expired`, `refresh_expired`, `refresh_revoked`, `token_unreadable`. */
  issue: z.string(),
  externalUserId: z.string().nullable(),
  displayLabel: z.string().nullable(),
  updatedAt: moment,
});
export type IncompleteView = z.infer<typeof IncompleteView>;

/** What `cleanup_orphaned_integrations` answers. */
export const CleanupView = z.object({
  dryRun: z.boolean(),
  orphaned: z.number(),
  deleted: z.number(),
  /** Call again: there are more. */
  hasMore: z.boolean(),
  /** The first hundred. */
  integrationIds: z.array(Uuid),
});
export type CleanupView = z.infer<typeof CleanupView>;
