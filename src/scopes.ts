import * as z from 'zod';

/** Whose an API token is: a user's, an organisation's, or the deployment's own (a service token). */
export const TokenKind = z.enum(['personal', 'organization', 'service']);
export type TokenKind = z.infer<typeof TokenKind>;

interface ScopeEntry {
  /** What it allows, for people who choose. */
  readonly summary: string;
  /** The kinds of token that may carry it. */
  readonly for: readonly TokenKind[];
}

/**
 * Every scope there is, each demanded by some procedure. A procedure demands at most one; without one it takes no API token. A scope only narrows: whose
 * data a call reaches is the token's owner's matter (src/db/functions/gate/enter_subject.sql). An organisation token
 * acts on its organisation alone, a personal one never as an administrator.
 */
export const scopes = {
  'profile:read': { summary: 'Read the profile.', for: ['personal', 'service'] },
  'profile:write': { summary: 'Change the profile.', for: ['personal', 'service'] },
  'sessions:read': { summary: 'Read sessions and sign-in history.', for: ['personal', 'service'] },
  'sessions:write': { summary: 'End sessions.', for: ['personal', 'service'] },
  'tokens:read': { summary: 'List API tokens, never their secrets.', for: ['personal', 'service'] },
  'connections:read': {
    summary: 'List connected accounts and how they are.',
    for: ['personal', 'organization', 'service'],
  },
  'connections:write': {
    summary: 'Refresh, choose and disconnect connected accounts.',
    for: ['personal', 'organization', 'service'],
  },
  'connections:token': {
    summary: 'Use connected accounts: read their access tokens.',
    for: ['personal', 'organization', 'service'],
  },
  'integrations:read': {
    summary: 'List linked services and whose they are, never their tokens.',
    for: ['personal', 'service'],
  },
  'integrations:write': { summary: 'Link, change and unlink services.', for: ['personal', 'service'] },
  'organization:read': {
    summary: 'Read an organisation, and list its tokens.',
    for: ['personal', 'organization', 'service'],
  },
  'admin:read': { summary: 'Read across all users, and list service tokens.', for: ['service'] },
  'admin:write': { summary: 'Change any user.', for: ['service'] },
} as const satisfies Readonly<Record<string, ScopeEntry>>;

/** The name of a scope. */
export const Scope = z.enum(Object.keys(scopes) as (keyof typeof scopes)[]);
export type Scope = z.infer<typeof Scope>;

/** The scopes that a token of this kind may carry, in the order of the list. */
export function scopesFor(kind: TokenKind): Scope[] {
  return Scope.options.filter((scope) => scopes[scope].for.some((allowed) => allowed === kind));
}
