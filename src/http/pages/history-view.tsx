import type { LoginEvent, loginEventTypes } from '../../domain/auth/schemas.ts';
import { type ErrorCode, errors } from '../../errors.ts';
import { Moment } from './parts.tsx';
import { methodWords, placeOf } from './sessions-view.tsx';

interface HistoryState {
  readonly items: readonly LoginEvent[];
  readonly nextCursor: string | null;
  readonly isOlder: boolean;
  readonly timeZone: string;
}

/** What happened at the account's door, newest first, a page at a time. */
export function HistoryList({ items, nextCursor, isOlder, timeZone }: HistoryState) {
  return (
    <section class="card stack" aria-labelledby="history">
      <h2 id="history">Recent activity</h2>
      {items.length > 0 ? (
        <ol class="list">
          {items.map((event) => (
            <Event event={event} timeZone={timeZone} />
          ))}
        </ol>
      ) : (
        <p class="soft">Nothing older.</p>
      )}
      {isOlder || nextCursor ? (
        <nav class="row" aria-label="Pages of recent activity">
          {isOlder ? <a href="/account#history">Newest</a> : null}
          {nextCursor ? <a href={`/account?cursor=${nextCursor}#history`}>Older</a> : null}
        </nav>
      ) : null}
    </section>
  );
}

function Event({ event, timeZone }: { event: LoginEvent; timeZone: string }) {
  const about = [event.deviceName, placeOf(event), event.ipAddress].filter(Boolean).join(' · ');
  return (
    <li>
      <h3>
        {nameOf(event)}
        {event.success ? null : <span class="badge bad">Refused</span>}
      </h3>
      <p class="small soft">
        <Moment at={event.createdAt} timeZone={timeZone} />
        {about ? ` · ${about}` : ''}
      </p>
      {event.failureReason ? <p class="small soft">{reasonOf(event.failureReason)}</p> : null}
    </li>
  );
}

/** What happened, in words. A session that was confirmed is a sign-in by `mfa` (docs: what is recorded). */
function nameOf({ eventType, authMethod }: LoginEvent): string {
  if (authMethod === 'mfa' && eventType === 'login_success') return 'Confirmed that it was you';
  if (authMethod === 'mfa' && eventType === 'login_failed') return 'Attempt to confirm that it was you';
  const name = eventNames[eventType] ?? 'Something else';
  const method = eventType.startsWith('login_') ? methodWords[authMethod ?? ''] : undefined;
  return method ? `${name} ${method}` : name;
}

/** What we record ourselves. */
const ownEvents: Readonly<Record<(typeof loginEventTypes)[number], string>> = {
  login_success: 'Signed in',
  login_failed: 'Attempt to sign in',
  logout: 'Signed out',
  session_revoked: 'Session ended',
  passkey_added: 'Passkey added',
  passkey_removed: 'Passkey removed',
  account_linked: 'Account linked',
  account_unlinked: 'Account unlinked',
  email_changed: 'E-mail address changed',
  token_created: 'API token created',
  token_rotated: 'API token replaced',
  token_revoked: 'API token revoked',
  account_secured: '“This was not me”: every session ended',
};

/** The words of requirement 3 §1.2 that only an imported history holds, beside our own. */
const eventNames: Readonly<Record<string, string>> = {
  ...ownEvents,
  mfa_challenge: 'Asked to confirm',
  mfa_success: 'Confirmed',
  mfa_failed: 'Confirmation failed',
  password_reset: 'Password reset',
};

/** Why an attempt was refused: the error codes that the database records, where a page can say it better. */
const reasons: Readonly<Record<string, string>> = {
  'magic_link.other_browser': 'The link was opened in another browser than the one that asked.',
  'magic_link.expired': 'The link or code had expired.',
  'code.invalid': 'The code was wrong.',
  'user.suspended': 'The account was suspended.',
  'social_account.proof_required': 'A provider named your address, which is not proven here yet.',
};

function reasonOf(code: string): string {
  if (Object.hasOwn(reasons, code)) return reasons[code] ?? '';
  return Object.hasOwn(errors, code) ? errors[code as ErrorCode].message : 'It was refused.';
}
