import * as z from 'zod';
import { connectorNames } from '../../connectors/names.ts';
import { Uuid } from '../../lib/ids.ts';
import { safeText } from '../../lib/text.ts';

const moment = z.iso.datetime();

/** A scope by RFC 6749 §3.3: printable, without space, quote and backslash. */
const ScopeName = z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,255}$/, 'is not an OAuth scope');
const Scopes = z.array(ScopeName).max(50);

export const ConnectorName = z.enum(connectorNames);

export const ConnectorView = z.object({
  name: z.string(),
  title: z.string(),
  /** What is asked for here: the connector's own, and what the deployment needs. */
  scopes: z.array(z.string()),
  /** What `parameters` of a connect must name. */
  parameters: z.array(z.string()),
});
export type ConnectorView = z.infer<typeof ConnectorView>;

export const ConnectInput = z.object({
  /** May be left out where a service gives it. */
  connector: ConnectorName.optional(),
  /** Links the account to this service, and asks for what the service needs. */
  service: safeText({ min: 1, max: 255 }).optional(),
  /** Asked for beside the connector's own, and what the connection has. */
  scopes: Scopes.optional(),
  /** Connects this one again; the account must be the same. */
  connectionId: Uuid.optional(),
  /** Such as `{ "shop": "example.myshopify.com" }`. */
  parameters: z.record(z.string().max(50), safeText({ min: 1, max: 255 })).optional(),
  /** Where to go afterwards: a path here, or an address of a trusted origin. */
  redirectUrl: z.string().max(2048).optional(),
});
export type ConnectInput = z.infer<typeof ConnectInput>;

export const ConnectBegun = z.object({ authorizationUrl: z.string() });

export const ConnectionStatus = z.enum(['active', 'expired', 'revoked', 'error']);

const Failure = z.object({
  class: z.enum(['permanent', 'configuration', 'transient', 'ambiguous']),
  code: z.string(),
  status: z.number().nullable(),
  at: moment,
});

export const ConnectionView = z.object({
  id: Uuid,
  connector: z.string(),
  accountId: z.string(),
  /** What the connector says of the account. */
  account: z.record(z.string(), z.unknown()),
  isPrimary: z.boolean(),
  status: ConnectionStatus,
  scopes: z.array(z.string()),
  /** Needed here and not granted: connect again to add them. */
  missingScopes: z.array(z.string()),
  expiresAt: moment.nullable(),
  grantedAt: moment,
  lastRefreshAt: moment.nullable(),
  lastUsedAt: moment.nullable(),
  failingSince: moment.nullable(),
});
export type ConnectionView = z.infer<typeof ConnectionView>;

export const ConnectionEventView = z.object({
  id: Uuid,
  event: z.string(),
  actorKind: z.string().nullable(),
  /** The person who acted; of a user's connection another one than its owner is an administrator. */
  actorUserId: z.string().nullable(),
  evidence: z.record(z.string(), z.unknown()).nullable(),
  createdAt: moment,
});

export const ConnectionExplained = z.object({
  connection: ConnectionView,
  /** In one word, with a sentence for people. */
  health: z.enum(['healthy', 'failing', 'paused', 'needs_reauthorization']),
  summary: z.string(),
  failure: Failure.nullable(),
  attempts: z.number(),
  nextRefreshAt: moment.nullable(),
  /** The connector is left alone: its provider is down, or does not take our client. */
  paused: z.object({ openUntil: moment, class: z.string(), code: z.string() }).nullable(),
  events: z.array(ConnectionEventView),
});
export type ConnectionExplained = z.infer<typeof ConnectionExplained>;

export const ConnectionId = z.object({ connectionId: Uuid });

export const ListInput = z.object({ connector: ConnectorName.optional() });

export const GetTokenInput = z.object({
  connector: ConnectorName,
  /** The account in the provider's words; without it, the primary one. */
  accountId: safeText({ min: 1, max: 255 }).optional(),
  /** What it is needed for: those that were not granted come back as `missingScopes`. */
  scopes: Scopes.optional(),
});
export type GetTokenInput = z.infer<typeof GetTokenInput>;

/** What a refresh by hand came to. */
export const RefreshedView = z.object({ expiresAt: moment.nullable(), scopes: z.array(z.string()) });

/** What `getValidToken` gives: a token, or why there is none. Never a refresh token. */
export const ValidToken = z.union([
  z.object({
    status: z.literal('active'),
    connectionId: Uuid,
    connector: z.string(),
    accountId: z.string(),
    accessToken: z.string(),
    tokenType: z.string(),
    expiresAt: moment.nullable(),
    scopes: z.array(z.string()),
    missingScopes: z.array(z.string()),
  }),
  z.object({ status: z.literal('not_connected') }),
  z.object({
    status: z.literal('needs_reauthorization'),
    connectionId: Uuid,
    connector: z.string(),
    accountId: z.string(),
    reason: z.enum(['expired', 'revoked', 'error']),
    code: z.string().nullable(),
  }),
]);
export type ValidToken = z.infer<typeof ValidToken>;

export const KeyCoverage = z.object({
  items: z.array(
    z.object({
      keyId: z.string(),
      rows: z.number(),
      /** False above 100,000 rows, which are not counted further. */
      isExact: z.boolean(),
      isActive: z.boolean(),
      /** In the ring; rows under a key that is not can no longer be opened. */
      isKnown: z.boolean(),
    }),
  ),
});
export type KeyCoverage = z.infer<typeof KeyCoverage>;
