import { renderRequest } from './load/protocol.ts';
import { bearersOf } from './seed.ts';

/** One line of the table. */
export interface BenchRow {
  readonly name: string;
  /** For people. */
  readonly title: string;
  readonly worker: 'floor' | 'gatehouse';
  /** The requests to send in turn, given the number of seeded users. */
  requests(users: number): string[];
}

/** As many as show that no answer is remembered, and few enough to be built in no time. */
const DISTINCT_CALLERS = 5_000;

/** Every caller of the benchmark, in a block of addresses that documentation may use. */
const networkOf = (index: number) => `203.0.113.${index % 256}`;

const bare = (path: string) => () => [renderRequest({ method: 'GET', path })];

const asUsers = (call: { method: 'GET' | 'POST'; path: string; body?: string }) => (users: number) =>
  bearersOf(users, DISTINCT_CALLERS).map((bearer, index) =>
    renderRequest({ ...call, headers: { authorization: `Bearer ${bearer}`, 'cf-connecting-ip': networkOf(index) } }),
  );

/** The row every other one is compared with: what one query costs a bare Worker. */
export const FLOOR = 'floor';
/** The same for a list of three statements, which is what a call behind the gate sends. */
export const BATCH_FLOOR = 'batch-floor';

export const rows: readonly BenchRow[] = [
  { name: 'nothing', title: 'route that does nothing', worker: 'floor', requests: bare('/nothing') },
  { name: FLOOR, title: 'floor: one query', worker: 'floor', requests: bare('/query') },
  { name: BATCH_FLOOR, title: 'batch floor: three statements', worker: 'floor', requests: bare('/batch') },
  {
    name: 'session',
    title: 'session check',
    worker: 'gatehouse',
    requests: asUsers({ method: 'GET', path: '/trpc/auth.getSession' }),
  },
  {
    name: 'sessions',
    title: 'sessions list',
    worker: 'gatehouse',
    requests: asUsers({ method: 'GET', path: '/trpc/auth.listSessions' }),
  },
  {
    name: 'profile',
    title: 'profile update',
    worker: 'gatehouse',
    requests: asUsers({
      method: 'POST',
      path: '/trpc/account.updateProfile',
      body: JSON.stringify({ displayName: 'Ada Lovelace', timeZone: 'Europe/London' }),
    }),
  },
];
