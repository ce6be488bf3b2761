import * as z from 'zod';
import { signInConnectorNames } from '../../../connectors/names.ts';
import { Uuid } from '../../../lib/ids.ts';

export const BeginSocialInput = z.object({
  provider: z.enum(signInConnectorNames),
  /** Where to go afterwards: a path here, or an address of a trusted origin. */
  redirectUrl: z.string().max(2048).optional(),
});
export type BeginSocialInput = z.infer<typeof BeginSocialInput>;

export const SocialBegun = z.object({ authorizationUrl: z.string() });
export type SocialBegun = z.infer<typeof SocialBegun>;

export const ProviderView = z.object({ name: z.string(), title: z.string() });

const moment = z.iso.datetime();

export const SocialAccountView = z.object({
  id: Uuid,
  provider: z.string(),
  email: z.string().nullable(),
  name: z.string().nullable(),
  avatarUrl: z.string().nullable(),
  createdAt: moment,
  lastUsedAt: moment.nullable(),
});
export type SocialAccountView = z.infer<typeof SocialAccountView>;
