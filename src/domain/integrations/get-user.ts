import { asc, eq } from 'drizzle-orm';
import type { GatedContext } from '../../context.ts';
import { ownedByUser } from '../../db/columns.ts';
import { services, userIntegrations, users } from '../../db/schema/index.ts';
import { fixed } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import { own } from './columns.ts';
import type { UserView } from './views.ts';

/** Whoever has more pages through the list. */
const MAX_SHOWN = 1000;

const profile = fixed((db) =>
  db
    .select({
      id: users.id,
      email: users.email,
      displayName: users.displayName,
      position: users.position,
      role: users.role,
      phoneNumber: users.phoneNumber,
      timeZone: users.timeZone,
    })
    .from(users)
    .where(ownedByUser(users.id)),
);

const links = fixed((db) =>
  db
    .select({
      id: userIntegrations.id,
      service: services.id,
      serviceName: services.name,
      externalUserId: userIntegrations.externalUserId,
      isActive: userIntegrations.isActive,
      connectedAt: userIntegrations.createdAt,
    })
    .from(userIntegrations)
    .innerJoin(services, eq(services.id, userIntegrations.serviceId))
    .where(own)
    .orderBy(asc(services.type), asc(services.name), asc(userIntegrations.createdAt), asc(userIntegrations.id))
    .limit(MAX_SHOWN),
);

/** The subject with all linked services, at most a thousand. One trip. @throws user.not_found */
export async function getUser(ctx: GatedContext): Promise<UserView> {
  const [[user], rows] = await ctx.gate((db) => [profile(db), links(db)]);
  if (!user) throw new AppError('user.not_found');
  const integrations = rows.map(({ externalUserId, ...row }) => ({
    ...row,
    ...(externalUserId !== null && { externalUserId }),
  }));
  return { ...user, integrations };
}
