import * as z from 'zod';
import { Uuid } from '../../../lib/ids.ts';
import { nameText } from '../../../lib/text.ts';
import { Scope, scopesFor, type TokenKind } from '../../../scopes.ts';

const moment = z.iso.datetime();

/** What a new token of a kind is told. Its lifetime: 90 days unless said otherwise, 365 at the most. */
export const createTokenInput = (kind: TokenKind) =>
  z.object({
    name: nameText({ min: 1, max: 120 }),
    scopes: z
      .array(Scope.refine((scope) => scopesFor(kind).includes(scope), `is not for ${kind} tokens`))
      .min(1)
      .max(50),
    expiresInDays: z.int().min(1).max(365).default(90),
  });
export interface CreateTokenInput {
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresInDays: number;
}

export const RotateTokenInput = z.object({
  tokenId: Uuid,
  /** How long the old one goes on working: seven days at the most (Unkey). */
  overlapHours: z.int().min(0).max(168).default(24),
});
export type RotateTokenInput = z.infer<typeof RotateTokenInput>;

export const NewTokenView = z.object({
  id: Uuid,
  name: z.string(),
  /** The secret itself, shown this once: `Authorization: Bearer …`. */
  token: z.string(),
  scopes: z.array(z.string()),
  expiresAt: moment,
});
export type NewTokenView = z.infer<typeof NewTokenView>;

export const TokenView = z.object({
  id: Uuid,
  name: z.string(),
  /** The token's first eight characters. */
  prefix: z.string(),
  scopes: z.array(z.string()),
  createdBy: z.string().nullable(),
  /** Of an organisation's, for its administrators: who made it; null where nobody knows. Null of others. */
  makerName: z.string().nullable(),
  /** Of an organisation's: refused, since its maker is no longer an administrator of it, or is suspended. */
  isFrozen: z.boolean(),
  createdAt: moment,
  /** To the hour. */
  lastUsedAt: moment.nullable(),
  expiresAt: moment.nullable(),
  /** When another took its place: it works until `expiresAt`. */
  rotatedAt: moment.nullable(),
});
export type TokenView = z.infer<typeof TokenView>;
