import { sql } from 'drizzle-orm';
import {
  boolean,
  check,
  index,
  inet,
  jsonb,
  pgPolicy,
  pgTable,
  smallint,
  text,
  uuid,
  varchar,
} from 'drizzle-orm/pg-core';
import { createdAt, everything, id, moment, secretHash, system } from '../columns.ts';
import { userId, users } from './account.ts';
import { organizations } from './organizations.ts';

/**
 * A mailed proof (requirement 3 §2.2), bound to the browser that asked for it and to one purpose: a link to sign in
 * confirms no address, and nothing else is taken for a link (CVE-2026-114607).
 */
export const magicLinks = pgTable(
  'magic_links',
  {
    id: id(),
    userId: text('user_id').references(() => users.id, { onDelete: 'cascade' }),
    /** sign_in, step_up or email_change. */
    purpose: varchar('purpose', { length: 20 }).notNull().default('sign_in'),
    email: varchar('email', { length: 255 }).notNull(),
    tokenHash: secretHash('token_hash'),
    /** HMAC under a lookup key, since six digits can be tried out; `<key id>:<hex>`. Null: the mail has the link alone. */
    codeHash: varchar('code_hash', { length: 255 }),
    attempts: smallint('attempts').notNull().default(0),
    browserHash: varchar('browser_hash', { length: 255 }).notNull(),
    redirectUrl: text('redirect_url'),
    expiresAt: moment('expires_at').notNull(),
    usedAt: moment('used_at'),
    /** sign_in: the session it became, so that the same pair sent again gets the same answer. Else: the one it is for. */
    sessionId: uuid('session_id'),
    ipAddress: inet('ip_address'),
    createdAt: createdAt(),
  },
  (t) => [
    index('idx_magic_links_token')
      .on(t.tokenHash)
      .where(sql`${t.usedAt} is null`),
    index('idx_magic_links_cleanup')
      .on(t.expiresAt)
      .where(sql`${t.usedAt} is null`),
    index('idx_magic_links_expires_at').on(t.expiresAt),
    // How many mails went to an address, and how many codes were typed wrong of late.
    index('magic_links_email_idx').on(sql`lower(${t.email})`, t.createdAt),
    index('magic_links_attempts_idx')
      .on(t.expiresAt)
      .where(sql`${t.attempts} > 0`),
    index('idx_magic_links_user_session').on(t.userId, t.sessionId),
    check('magic_links_purpose', sql`${t.purpose} in ('sign_in', 'step_up', 'email_change')`),
    pgPolicy('magic_links_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/**
 * WebAuthn challenges that were answered. Challenges themselves are stateless (src/lib/challenges.ts), so whoever asks
 * for one writes nothing; the unique hash makes each good for one use.
 */
export const spentChallenges = pgTable(
  'spent_challenges',
  {
    challengeHash: varchar('challenge_hash', { length: 255 }).primaryKey(),
    purpose: varchar('purpose', { length: 50 }).notNull(),
    /** Who spent it: the same operation sent again gets the same answer. */
    operationId: uuid('operation_id').notNull(),
    expiresAt: moment('expires_at').notNull(),
    createdAt: createdAt(),
  },
  (t) => [
    index('spent_challenges_expires_at_idx').on(t.expiresAt),
    pgPolicy('spent_challenges_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/**
 * A redirect to a provider that has not come back yet. The state is stored as its SHA-256; PKCE verifier and nonce are
 * derived from it and the browser's own secret, so nothing here redeems a code.
 */
export const oauthStates = pgTable(
  'oauth_states',
  {
    id: id(),
    stateHash: secretHash('state_hash'),
    /** sign_in; link and connect, whose user is the one that began it. */
    purpose: varchar('purpose', { length: 20 }).notNull(),
    connector: varchar('connector', { length: 50 }).notNull(),
    userId: text('user_id').references(() => users.id, { onDelete: 'cascade' }),
    /** connect: the organisation that it is for, and not the user. */
    organizationId: uuid('organization_id').references(() => organizations.id, { onDelete: 'cascade' }),
    /** connect: what was asked for, {scopes, parameters, connectionId}. */
    request: jsonb('request'),
    browserHash: varchar('browser_hash', { length: 255 }).notNull(),
    redirectUrl: text('redirect_url'),
    expiresAt: moment('expires_at').notNull(),
    usedAt: moment('used_at'),
    operationId: uuid('operation_id'),
    createdAt: createdAt(),
  },
  (t) => [
    index('oauth_states_user_id_idx').on(t.userId),
    index('oauth_states_organization_id_idx').on(t.organizationId),
    index('oauth_states_expires_at_idx').on(t.expiresAt),
    check(
      'oauth_states_purpose',
      sql`(${t.purpose} = 'sign_in') = (${t.userId} is null) and ${t.purpose} in ('sign_in', 'link', 'connect')
        and (${t.purpose} = 'connect') = (${t.request} is not null) and (${t.organizationId} is null or ${t.purpose} = 'connect')`,
    ),
    pgPolicy('oauth_states_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/** A mail to a user about their account, whose "this wasn't me" ends every session and undoes what came after. */
export const securityAlerts = pgTable(
  'security_alerts',
  {
    id: id(),
    userId: userId(),
    kind: varchar('kind', { length: 50 }).notNull(),
    tokenHash: secretHash('token_hash'),
    /** The sign-in it tells of. */
    sessionId: uuid('session_id'),
    /** For email_changed: previousEmail, and changeId, the row of `email_changes` that it tells of. */
    details: jsonb('details').notNull().default({}),
    /** Where the mail went, and since when that had been the account's address: what its report may do. */
    email: varchar('email', { length: 255 }),
    emailSince: moment('email_since'),
    /** What its report came to, for the same report sent again; null while it is not reported, or another one spent it. */
    report: jsonb('report'),
    expiresAt: moment('expires_at').notNull(),
    usedAt: moment('used_at'),
    createdAt: createdAt(),
  },
  (t) => [
    index('security_alerts_user_id_idx').on(t.userId, t.createdAt),
    index('security_alerts_user_session_idx').on(t.userId, t.sessionId),
    index('security_alerts_expires_at_idx').on(t.expiresAt),
    pgPolicy('security_alerts_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();

/**
 * A change of an account's proven address. Whoever reads the old mailbox may undo it for seven days, and for as long
 * nobody else gets that address.
 */
export const emailChanges = pgTable(
  'email_changes',
  {
    /** That of the event in the history. */
    id: id(),
    userId: userId(),
    previousEmail: varchar('previous_email', { length: 255 }).notNull(),
    /** Since when that had been the account's address. */
    previousSince: moment('previous_since').notNull(),
    email: varchar('email', { length: 255 }).notNull(),
    /** Made again after it was undone, by a credential that is older: the old mailbox can undo it no more. */
    isFinal: boolean('is_final').notNull().default(false),
    undoneAt: moment('undone_at'),
    createdAt: createdAt(),
  },
  (t) => [
    index('email_changes_user_id_idx').on(t.userId, t.createdAt),
    index('email_changes_previous_email_idx').on(sql`lower(${t.previousEmail})`),
    index('email_changes_created_at_idx').on(t.createdAt),
    pgPolicy('email_changes_system', { for: 'all', to: system, ...everything }),
  ],
).enableRLS();
