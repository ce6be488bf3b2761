import type { Context as HonoContext } from 'hono';
import type { AppEnv } from '../open-context.ts';
import { change } from './account-page.tsx';
import { callApi, readForm } from './calls.ts';
import { guarded } from './guard.ts';
import type { ProfileField } from './profile-form.tsx';
import { problemsOf } from './words.ts';

/** POST /account/profile: empty fields empty the profile's. */
export function saveProfile(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const values = await readForm(c, 'display_name', 'position', 'phone_number', 'time_zone', 'bio');
    const input = {
      displayName: values.display_name.trim() || null,
      position: values.position.trim() || null,
      phoneNumber: values.phone_number.trim() || null,
      timeZone: values.time_zone || null,
      // Forms send CR LF for a line's end (HTML, "constructing the entry list").
      bio: values.bio.replaceAll('\r\n', '\n').trim() || null,
    };
    const typed = (refusal: Parameters<typeof problemsOf>[0]) => ({
      profile: { values, problems: problemsOf(refusal, fieldWords) },
    });
    return change(c, { section: 'profile', typed }, async () => {
      await callApi(c.get('ctx')).account.updateProfile(input);
      return 'profile';
    });
  });
}

/** POST /account/sessions/revoke */
export function revokeSession(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const { session_id: sessionId } = await readForm(c, 'session_id');
    return change(c, { section: 'sessions' }, async () => {
      await callApi(c.get('ctx')).auth.revokeSession({ sessionId });
      return 'revoked';
    });
  });
}

/** POST /account/sessions/revoke-others */
export function revokeOtherSessions(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, () =>
    change(c, { section: 'sessions' }, async () => {
      await callApi(c.get('ctx')).auth.revokeOtherSessions();
      return 'revoked_others';
    }),
  );
}

/** POST /account/sign-out */
export function signOut(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    await callApi(c.get('ctx')).auth.signOut();
    return c.redirect('/sign-in?done=signed_out', 303);
  });
}

/** What each field may hold, in words; by the names that the procedure's input has. */
const fieldWords: Readonly<Record<string, readonly [ProfileField, string]>> = {
  displayName: ['display_name', 'A name has at most 255 characters on one line, and none that turns its direction.'],
  position: ['position', 'A position has at most 255 characters on one line, and none that turns its direction.'],
  phoneNumber: [
    'phone_number',
    'A phone number has 3 to 50 digits, spaces, dots, dashes or brackets, such as +351 21 000 0000.',
  ],
  timeZone: ['time_zone', 'Choose a time zone of the list.'],
  bio: ['bio', 'This has at most 2000 characters, and none that turns its direction.'],
};
