import { and } from 'drizzle-orm';
import type { GatedContext } from '../../context.ts';
import { ownedByUser } from '../../db/columns.ts';
import { isFirst, keepChange } from '../../db/once.ts';
import { users } from '../../db/schema/index.ts';
import { fixed } from '../../db/statement.ts';
import { AppError } from '../../errors.ts';
import type { ProfileView, UpdateProfileInput } from './schemas.ts';

const profile = {
  id: users.id,
  email: users.email,
  emailVerifiedAt: users.emailVerifiedAt,
  displayName: users.displayName,
  avatarUrl: users.avatarUrl,
  bio: users.bio,
  position: users.position,
  role: users.role,
  phoneNumber: users.phoneNumber,
  timeZone: users.timeZone,
  createdAt: users.createdAt,
  updatedAt: users.updatedAt,
};

const ownProfile = fixed((db) => db.select(profile).from(users).where(ownedByUser(users.id)));

/** The subject's own profile. */
export async function getProfile(ctx: GatedContext): Promise<ProfileView> {
  const [[row]] = await ctx.gate((db) => [ownProfile(db)]);
  if (!row) throw new AppError('user.not_found');
  return row;
}

/** Changes the given fields of the subject's own profile and answers the whole of it. Sent again it changes nothing. */
export async function updateProfile(ctx: GatedContext, input: UpdateProfileInput): Promise<ProfileView> {
  const own = ownedByUser(users.id);
  const [, , [row]] = await ctx.gate((db) => [
    db.update(users).set(input).where(and(own, isFirst)),
    keepChange(db, users, own),
    ownProfile(db),
  ]);
  if (!row) throw new AppError('user.not_found');
  return row;
}
