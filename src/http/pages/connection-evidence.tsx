import type { Child } from 'hono/jsx';
import type { ConnectionExplained } from '../../domain/oauth/views.ts';
import { Scopes } from './connection-parts.tsx';
import { failureWords } from './connection-words.ts';
import { Moment } from './parts.tsx';
import { titleOfProvider } from './provider-names.ts';

interface ExplainedState {
  readonly explained: ConnectionExplained;
  readonly timeZone: string;
}

/** What is known of a connection: the dates, and the last failure. */
export function Evidence({ explained, timeZone }: ExplainedState) {
  const { connection, failure, attempts, nextRefreshAt, paused } = explained;
  const title = titleOfProvider(connection.connector);
  const when = (at: string | null, otherwise: string) => (at ? <Moment at={at} timeZone={timeZone} /> : otherwise);
  return (
    <section class="card stack" aria-labelledby="evidence">
      <h2 id="evidence">Evidence</h2>
      <dl class="facts">
        <Fact name="Account">
          <code>{connection.accountId}</code>
        </Fact>
        <Fact name="Connected">{when(connection.grantedAt, '')}</Fact>
        <Fact name="Access until">{when(connection.expiresAt, 'no end is known')}</Fact>
        <Fact name="Next refresh">{when(nextRefreshAt, 'none')}</Fact>
        <Fact name="Last refreshed">{when(connection.lastRefreshAt, 'not yet')}</Fact>
        <Fact name="Last used">{when(connection.lastUsedAt, 'not yet')}</Fact>
        {paused ? (
          <Fact name="Left alone until">
            <Moment at={paused.openUntil} timeZone={timeZone} /> · <code>{paused.code}</code>
          </Fact>
        ) : null}
        {failure ? (
          <Fact name="Last failure">
            <Moment at={failure.at} timeZone={timeZone} />. {failureWords(failure.class, title)}{' '}
            <FailureCode {...failure} />
          </Fact>
        ) : null}
        {attempts > 0 ? <Fact name="Failed tries">{String(attempts)}</Fact> : null}
        {connection.failingSince ? <Fact name="Failing since">{when(connection.failingSince, '')}</Fact> : null}
      </dl>
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: Child }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

/** What the provider's answer was, for whoever has to look further: never a text of the provider's. */
function FailureCode({ code, status }: { readonly code?: unknown; readonly status?: unknown }) {
  const text = [code, typeof status === 'number' ? `HTTP ${status}` : null].filter((part) => typeof part === 'string');
  return text.length > 0 ? <code>{text.join(', ')}</code> : <></>;
}

/** What happened to a connection, newest first: at most as much as the API keeps ready. */
export function Trail({ explained, timeZone, ownerId }: ExplainedState & { readonly ownerId: string }) {
  const { connection, events } = explained;
  return (
    <section class="card stack" aria-labelledby="trail">
      <h2 id="trail">What happened</h2>
      {events.length > 0 ? (
        <ol class="list">
          {events.map((event) => (
            <Event
              event={event}
              actor={actorOf(event, ownerId)}
              title={titleOfProvider(connection.connector)}
              timeZone={timeZone}
            />
          ))}
        </ol>
      ) : (
        <p class="small soft">Nothing is recorded.</p>
      )}
    </section>
  );
}

type EventView = ConnectionExplained['events'][number];

interface EventState {
  readonly event: EventView;
  /** Who did it. */
  readonly actor: string;
  readonly title: string;
  readonly timeZone: string;
}

function Event({ event, actor, title, timeZone }: EventState) {
  const evidence = event.evidence ?? {};
  const scopes = typeof evidence.scopes === 'string' ? evidence.scopes.split(' ').filter(Boolean) : [];
  const hasFailed = evidence.class !== undefined;
  return (
    <li>
      <h3>{eventNames[event.event] ?? 'Something else'}</h3>
      <p class="small soft">
        <Moment at={event.createdAt} timeZone={timeZone} /> · {actor}
      </p>
      {scopes.length > 0 ? (
        <p class="small soft">
          Granted: <Scopes scopes={scopes} />
        </p>
      ) : null}
      {hasFailed ? (
        <p class="small soft">
          {failureWords(evidence.class, title)} <FailureCode {...evidence} />
        </p>
      ) : null}
    </li>
  );
}

/** What the vault records (`connection_events.event`). */
const eventNames: Readonly<Record<string, string>> = {
  connected: 'Connected',
  reconnected: 'Connected again',
  recovered: 'Working again',
  token_read: 'Access was used',
  refresh_failed: 'Refresh failed',
  needs_reauthorization: 'Access ended',
  disconnected: 'Disconnected',
  identified: 'The account was named by its provider',
  merged: 'Another grant of this account was joined to it',
};

/** Who did it, by the kind of credential. */
const actorNames: Readonly<Record<string, string>> = {
  session: 'in a session',
  personal: 'by a token of yours',
  organization: 'by a token of an organisation',
  service: 'by a token of this service',
};

/** Another person than the owner got here as an administrator alone. */
function actorOf({ actorKind, actorUserId }: EventView, ownerId: string): string {
  if (actorUserId !== null && actorUserId !== ownerId) return 'by an administrator';
  return actorNames[actorKind ?? ''] ?? 'by itself';
}
