import type { SessionView } from '../../domain/auth/schemas.ts';
import { Alert, Moment } from './parts.tsx';

interface SessionsState {
  readonly sessions: readonly SessionView[];
  readonly timeZone: string;
  readonly refusal?: string | null;
}

/** Where the person is signed in, with a button to end each other session, and one for all of them. */
export function SessionList({ sessions, timeZone, refusal }: SessionsState) {
  const others = sessions.filter((session) => !session.isCurrent).length;
  return (
    <section class="card stack" aria-labelledby="sessions">
      <h2 id="sessions">Where you are signed in</h2>
      {refusal ? <Alert focus>{refusal}</Alert> : null}
      <ul class="list">
        {sessions.map((session) => (
          <Session session={session} timeZone={timeZone} />
        ))}
      </ul>
      {others > 0 ? (
        <form method="post" action="/account/sessions/revoke-others">
          <button type="submit" class="danger less">
            Sign out everywhere else
          </button>
        </form>
      ) : (
        <p class="small soft">You are signed in nowhere else.</p>
      )}
    </section>
  );
}

function Session({ session, timeZone }: { session: SessionView; timeZone: string }) {
  const name = session.deviceName ?? 'Unknown device';
  // The name is "Chrome on Linux" where both are known.
  const os = session.os && name.includes(session.os) ? null : session.os;
  const about = [session.browser, os, deviceTypes[session.deviceType ?? ''], placeOf(session), session.ipAddress];
  return (
    <li class="row apart">
      <div class="body">
        <h3>
          {name} {session.isCurrent ? <span class="badge">This one</span> : null}
        </h3>
        <p class="small soft" id={`about-${session.id}`}>
          {about.filter(Boolean).join(' · ')}
        </p>
        <p class="small soft">
          Last active <Moment at={session.lastActiveAt} timeZone={timeZone} />, signed in{' '}
          {methodWords[session.authMethod] ?? ''} <Moment at={session.createdAt} timeZone={timeZone} />
        </p>
      </div>
      {session.isCurrent ? null : (
        <form method="post" action="/account/sessions/revoke">
          <input type="hidden" name="session_id" value={session.id} />
          <button
            type="submit"
            class="quiet less"
            aria-label={`Sign out ${name}`}
            aria-describedby={`about-${session.id}`}
          >
            Sign out
          </button>
        </form>
      )}
    </li>
  );
}

/** How somebody signed in: `auth_method` of requirement 3 §1.1 in words. */
export const methodWords: Readonly<Record<string, string>> = {
  magic_link: 'by mail',
  passkey: 'by passkey',
  oauth: 'by a linked account',
};

const deviceTypes: Readonly<Record<string, string>> = { desktop: 'Computer', mobile: 'Phone', tablet: 'Tablet' };

/** "Lisbon, PT", as far as it is known; '' where it is not. */
export function placeOf({ city, country }: { city: string | null; country: string | null }): string {
  return [city, country].filter(Boolean).join(', ');
}
