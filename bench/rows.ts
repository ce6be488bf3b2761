import { renderRequest } from './load/protocol.ts';
import { type Callers, userIdOf } from './seed.ts';

/** One line of the table. */
export interface BenchRow {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly worker: 'floor' | 'gatehouse';
  /** The requests to send in turn. */
  requests(callers: Callers): string[];
}

/** Every caller of the benchmark, in a block of addresses that documentation may use. */
const networkOf = (index: number) => `203.0.113.${index % 256}`;

const bare = (path: string) => () => [renderRequest({ method: 'GET', path })];

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
}

/** One call for all, or one that names its caller. */
type CallOf = Call | ((user: number) => Call);

const by = (kind: 'sessions' | 'tokens', call: CallOf) => (callers: Callers) =>
  callers[kind].map((bearer, index) => {
    const own = typeof call === 'function' ? call(callers.users[index] ?? 0) : call;
    const headers = { authorization: `Bearer ${bearer}`, 'cf-connecting-ip': networkOf(index) };
    return renderRequest({ ...own, headers });
  });

const whoCalls: Call = { method: 'GET', path: '/trpc/auth.getSession' };

const providerToken = (user: number): Call => {
  const input = encodeURIComponent(JSON.stringify({ userId: userIdOf(user), connector: 'demo' }));
  return { method: 'GET', path: `/trpc/oauth.connections.getToken?input=${input}` };
};

/** The row every other one is compared with: what one query costs a bare Worker. */
export const FLOOR = 'floor';
/** The same for a list of three statements, which is what a call behind the gate sends. */
export const BATCH_FLOOR = 'batch-floor';
/** The cheapest authenticated call. The API token's row is the same call, and is compared with this one. */
export const SESSION = 'session';
export const TOKEN = 'token';
/** A provider's token out of the vault, not due: what an integration asks for before each of its own calls. */
export const FRESH_TOKEN = 'fresh-token';

export const rows: readonly BenchRow[] = [
  { name: 'nothing', title: 'route that does nothing', worker: 'floor', requests: bare('/nothing') },
  { name: FLOOR, title: 'floor: one query', worker: 'floor', requests: bare('/query') },
  { name: BATCH_FLOOR, title: 'batch floor: three statements', worker: 'floor', requests: bare('/batch') },
  {
    name: SESSION,
    title: 'session check',
    worker: 'gatehouse',
    requests: by('sessions', whoCalls),
  },
  {
    name: TOKEN,
    title: 'API token check',
    worker: 'gatehouse',
    requests: by('tokens', whoCalls),
  },
  {
    name: 'sessions',
    title: 'sessions list',
    worker: 'gatehouse',
    requests: by('sessions', { method: 'GET', path: '/trpc/auth.listSessions' }),
  },
  {
    name: 'profile',
    title: 'profile update',
    worker: 'gatehouse',
    requests: by('sessions', {
      method: 'POST',
      path: '/trpc/account.updateProfile',
      body: JSON.stringify({ displayName: 'Ada Lovelace', timeZone: 'Europe/London' }),
    }),
  },
  {
    name: FRESH_TOKEN,
    title: 'token fresh',
    worker: 'gatehouse',
    requests: by('sessions', providerToken),
  },
];
