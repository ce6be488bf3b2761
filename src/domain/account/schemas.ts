import * as z from 'zod';
import { emailAddress, linesText, nameText, safeText } from '../../lib/text.ts';
import { Delivery } from '../auth/schemas.ts';

const moment = z.iso.datetime();
const isTimeZone = (name: string) => {
  try {
    return Boolean(new Intl.DateTimeFormat('en', { timeZone: name }));
  } catch {
    return false;
  }
};
const isWebAddress = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);

export const ProfileView = z.object({
  id: z.string(),
  email: z.string().nullable(),
  emailVerifiedAt: moment.nullable(),
  displayName: z.string().nullable(),
  avatarUrl: z.string().nullable(),
  bio: z.string().nullable(),
  position: z.string().nullable(),
  role: z.string().nullable(),
  phoneNumber: z.string().nullable(),
  timeZone: z.string().nullable(),
  createdAt: moment,
  updatedAt: moment,
});
export type ProfileView = z.infer<typeof ProfileView>;

/** What is left out stays as it is; null empties it. */
export const UpdateProfileInput = z
  .object({
    displayName: nameText({ max: 255, trim: true }).nullable(),
    avatarUrl: safeText({ max: 2048 }).refine(isWebAddress, 'must be an http(s) address').nullable(),
    bio: linesText({ max: 2000 }).nullable(),
    position: nameText({ max: 255, trim: true }).nullable(),
    phoneNumber: safeText({ max: 50 })
      .regex(/^\+?[0-9 ()./-]{3,49}$/, 'must be a phone number')
      .nullable(),
    timeZone: safeText({ max: 100 }).refine(isTimeZone, 'must be an IANA time zone such as Europe/Paris').nullable(),
  })
  .partial()
  .refine((input) => Object.values(input).some((value) => value !== undefined), 'give at least one field to change');
export type UpdateProfileInput = z.infer<typeof UpdateProfileInput>;

export const RequestEmailChangeInput = z.object({ email: emailAddress, delivery: Delivery.default('cookie') });

export const EmailChanged = z.object({ email: z.string() });
export type EmailChanged = z.infer<typeof EmailChanged>;
