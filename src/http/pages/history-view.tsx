import type { LoginEvent } from '../../domain/auth/schemas.ts';
import { Moment } from './parts.tsx';
import { placeOf } from './sessions-view.tsx';

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
      <h2 id="history">Recent sign-ins</h2>
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
        <nav class="row" aria-label="Pages of recent sign-ins">
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
        {eventNames[event.eventType] ?? 'Something else'}{' '}
        {event.success ? null : <span class="badge bad">Refused</span>}
      </h3>
      <p class="small soft">
        <Moment at={event.createdAt} timeZone={timeZone} />
        {about ? ` · ${about}` : ''}
      </p>
      {event.failureReason ? <p class="small soft">{reasons[event.failureReason] ?? 'It was refused.'}</p> : null}
    </li>
  );
}

/** The events of requirement 3 §1.2 in words. */
const eventNames: Readonly<Record<string, string>> = {
  login_success: 'Signed in',
  login_failed: 'Attempt to sign in',
  logout: 'Signed out',
  mfa_challenge: 'Asked to confirm',
  mfa_success: 'Confirmed',
  mfa_failed: 'Confirmation failed',
  password_reset: 'Password reset',
  session_revoked: 'Session ended',
};

/** Why an attempt was refused: the error codes that the database records. */
const reasons: Readonly<Record<string, string>> = {
  'magic_link.other_browser': 'The link was opened in another browser than the one that asked.',
  'magic_link.expired': 'The link or code had expired.',
  'code.invalid': 'The code was wrong.',
  'user.suspended': 'The account was suspended.',
};
