import type { ProfileView } from '../../domain/account/schemas.ts';
import { Alert, describe, Problem } from './parts.tsx';

/** The fields of the form, as they are posted; '' is an empty one. */
export interface ProfileFields {
  readonly display_name: string;
  readonly position: string;
  readonly phone_number: string;
  readonly time_zone: string;
  readonly bio: string;
}
export type ProfileField = keyof ProfileFields;

export interface ProfileFormState {
  readonly values: ProfileFields;
  readonly problems: Partial<Record<ProfileField, string>>;
}

/** What the form shows of a profile. */
export function fieldsOf(profile: ProfileView): ProfileFields {
  return {
    display_name: profile.displayName ?? '',
    position: profile.position ?? '',
    phone_number: profile.phoneNumber ?? '',
    time_zone: profile.timeZone ?? '',
    bio: profile.bio ?? '',
  };
}

/** The form that changes the profile. The first field with a problem takes the focus, without a script. */
export function ProfileForm({ values, problems, refusal }: ProfileFormState & { readonly refusal?: string | null }) {
  const first = Object.keys(problems)[0];
  const common = (name: ProfileField, hasHint = false) => ({
    id: name,
    name,
    autofocus: name === first,
    ...describe(name, problems[name], hasHint),
  });
  return (
    <section class="card stack" aria-labelledby="profile">
      <h2 id="profile">Profile</h2>
      {refusal ? <Alert focus>{refusal}</Alert> : null}
      <form method="post" action="/account/profile" class="stack">
        <div>
          <label for="display_name">Name</label>
          <input {...common('display_name')} autocomplete="name" maxlength={255} value={values.display_name} />
          <Problem field="display_name" text={problems.display_name} />
        </div>
        <div>
          <label for="position">Position</label>
          <input {...common('position')} autocomplete="organization-title" maxlength={255} value={values.position} />
          <Problem field="position" text={problems.position} />
        </div>
        <div>
          <label for="phone_number">Phone</label>
          <input {...common('phone_number')} type="tel" autocomplete="tel" maxlength={50} value={values.phone_number} />
          <Problem field="phone_number" text={problems.phone_number} />
        </div>
        <div>
          <label for="time_zone">Time zone</label>
          <select {...common('time_zone')}>
            <ZoneOptions chosen={values.time_zone} />
          </select>
          <Problem field="time_zone" text={problems.time_zone} />
        </div>
        <div>
          <label for="bio">About you</label>
          <textarea {...common('bio')} rows={4} maxlength={2000}>
            {values.bio}
          </textarea>
          <Problem field="bio" text={problems.bio} />
        </div>
        <button type="submit">Save</button>
      </form>
    </section>
  );
}

function ZoneOptions({ chosen }: { chosen: string }) {
  const zones = ['UTC', ...Intl.supportedValuesOf('timeZone').filter((zone) => zone !== 'UTC')];
  // A zone may be saved under an older name than the list has.
  const all = chosen && !zones.includes(chosen) ? [chosen, ...zones] : zones;
  return (
    <>
      <option value="">Not chosen (UTC)</option>
      {all.map((zone) => (
        <option value={zone} selected={zone === chosen}>
          {zone.replaceAll('_', ' ')}
        </option>
      ))}
    </>
  );
}
