import type { ProfileView } from '../../domain/account/schemas.ts';
import type { LoginEvent, SessionView } from '../../domain/auth/schemas.ts';
import { HistoryList } from './history-view.tsx';
import { Alert, Notice } from './parts.tsx';
import { ProfileForm, type ProfileFormState } from './profile-form.tsx';
import { SessionList } from './sessions-view.tsx';

/** Everything /account shows. */
export interface AccountState {
  readonly profile: ProfileView;
  readonly sessions: readonly SessionView[];
  readonly history: { readonly items: readonly LoginEvent[]; readonly nextCursor: string | null };
  /** Whether the history shown is not its newest page. */
  readonly isOlder: boolean;
  readonly notice?: string | null;
  readonly refusal?: string;
  readonly form: ProfileFormState;
}

export function AccountView({ profile, sessions, history, isOlder, notice, refusal, form }: AccountState) {
  const timeZone = profile.timeZone ?? 'UTC';
  return (
    <>
      {notice ? <Notice tone="good">{notice}</Notice> : null}
      {refusal ? <Alert focus>{refusal}</Alert> : null}
      <div class="head">
        <h1>{profile.displayName ? `Hello, ${profile.displayName}` : 'Your account'}</h1>
        <p class="soft">
          {profile.email ? `Signed in as ${profile.email}. ` : ''}
          Times are in {profile.timeZone ? profile.timeZone.replaceAll('_', ' ') : 'UTC, until you choose a time zone'}.
        </p>
      </div>
      <div class="columns">
        <ProfileForm {...form} />
        <div>
          <SessionList sessions={sessions} timeZone={timeZone} />
          <HistoryList {...history} isOlder={isOlder} timeZone={timeZone} />
        </div>
      </div>
    </>
  );
}

export function SignOutForm() {
  return (
    <form method="post" action="/account/sign-out">
      <button type="submit" class="quiet less">
        Sign out
      </button>
    </form>
  );
}
