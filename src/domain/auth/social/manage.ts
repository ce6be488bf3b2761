import { asc } from 'drizzle-orm';
import type { GatedContext } from '../../../context.ts';
import { ownedByUser } from '../../../db/columns.ts';
import { oauthAccounts } from '../../../db/schema/index.ts';
import { fixed, plain } from '../../../db/statement.ts';
import { applyChange, newChange } from '../changes.ts';
import { providerNames } from './providers.ts';
import type { SocialAccountView } from './views.ts';

const ownAccounts = fixed((db) =>
  db
    .select({
      id: oauthAccounts.id,
      provider: oauthAccounts.provider,
      email: oauthAccounts.providerEmail,
      name: oauthAccounts.providerName,
      avatarUrl: oauthAccounts.providerAvatarUrl,
      createdAt: oauthAccounts.createdAt,
      lastUsedAt: oauthAccounts.lastUsedAt,
    })
    .from(oauthAccounts)
    .where(ownedByUser(oauthAccounts.userId))
    .orderBy(asc(oauthAccounts.createdAt), asc(oauthAccounts.id))
    .limit(100),
);

/** The subject's accounts at providers, oldest first. */
export async function listSocialAccounts(ctx: GatedContext): Promise<SocialAccountView[]> {
  const [rows] = await ctx.gate((db) => [ownAccounts(db)]);
  return rows;
}

/** Unlinks an account at a provider, and tells the owner. @throws social_account.not_found, credential.last */
export async function unlinkSocialAccount(ctx: GatedContext, accountId: string): Promise<void> {
  const change = await newChange(ctx, 'oauth');
  const params = [accountId, `{${providerNames(ctx).join(',')}}`, JSON.stringify(change.facts)];
  const statement = plain('select gatehouse.unlink_social_account($1::uuid, $2::text[], $3::jsonb) as answer', params);
  await applyChange<{ outcome: 'unlinked'; provider?: string }>(ctx, change, {
    statement,
    done: 'unlinked',
    detail: ({ provider }) => provider ?? null,
  });
}
