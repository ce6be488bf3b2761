/** Every rate limit in one place, and how callers ask. Sensitive actions: exact, by Durable Object. Ordinary: edge. */
import { AppError } from './errors.ts';
import { sha256Hex } from './lib/secrets.ts';

/** At most `capacity` takes in any span of `seconds` (sliding, so no burst across a window's edge). */
export interface RateLimit {
  readonly capacity: number;
  readonly seconds: number;
}

/** What is counted: where a call comes from, or whom it is about. */
export type KeyKind = 'network' | 'account';

/** All limits of a kind must hold. Without `account`, only the network is counted. */
interface RateLimitPolicy {
  readonly network: readonly RateLimit[];
  readonly account?: readonly RateLimit[];
}

/**
 * The named sensitive actions. A deployment-wide cap (Supabase has 30 mails an hour) is left out on purpose: it lets
 * one caller stop everybody's mail, and one object for all would be a place where many callers write.
 */
export const policies = {
  /** 1 in 60 s and 5 an hour per address (Supabase `MaxFrequency`), 5 a minute per network (better-auth: 5 in 60 s). */
  'magic_link.send': {
    network: [{ capacity: 5, seconds: 60 }],
    account: [
      { capacity: 1, seconds: 60 },
      { capacity: 5, seconds: 3600 },
    ],
  },
  /** 3 in 10 s per network (better-auth). A link of 256 bits cannot be guessed, so no account is counted. */
  'magic_link.verify': { network: [{ capacity: 3, seconds: 10 }] },
  /**
   * 3 in 10 s per network. What protects an account is in the database: 3 tries per code, and codes in 10 mails a day
   * (`gatehouse.code_limits`). A lock of the account would be a stranger's way to keep its owner out (ASVS 6.1.1).
   */
  'magic_link.code': { network: [{ capacity: 3, seconds: 10 }] },
  /**
   * 10 in 10 s per network, and no account: a signature cannot be guessed, and an object of the account would be a
   * stranger's way to keep its owner out, by a lock or by load.
   */
  'passkey.sign_in': { network: [{ capacity: 10, seconds: 10 }] },
  /** 10 a minute per network: each start writes a row, each return calls the provider. */
  'social.start': { network: [{ capacity: 10, seconds: 60 }] },
  'social.return': { network: [{ capacity: 10, seconds: 60 }] },
  /** 10 a minute per network. The secret of an alert has 256 bits. */
  'alert.report': { network: [{ capacity: 10, seconds: 60 }] },
} as const satisfies Record<string, RateLimitPolicy>;

export type PolicyName = keyof typeof policies;

/** The limits of a policy for one kind of key; none where the policy does not count that kind. */
export function limitsOf(policy: PolicyName, kind: KeyKind): readonly RateLimit[] {
  const found: RateLimitPolicy | undefined = Object.hasOwn(policies, policy) ? policies[policy] : undefined;
  if (!found) throw new Error('There is no rate limit of that name.');
  return found[kind] ?? [];
}

/**
 * The moment from which one more take is allowed: `now` or earlier where it is allowed at once. Times are milliseconds
 * since the epoch, `taken` is sorted. Exact: refused takes are not in the list, so asking again never puts it off.
 */
export function nextFreeAt(taken: readonly number[], limits: readonly RateLimit[]): number {
  const moments = limits.map(({ capacity, seconds }) => {
    const hinderer = taken[taken.length - capacity];
    return hinderer === undefined ? 0 : hinderer + seconds * 1000;
  });
  return Math.max(0, ...moments);
}

/** What one limiter object answers. */
export interface RateLimitDecision {
  readonly allowed: boolean;
  /** The same operation was granted before, and is done or under way: what it does must not be done again. */
  readonly isRepeat: boolean;
  /** Whole seconds until a take succeeds; 0 when this one did. */
  readonly retryAfterSeconds: number;
  /** ISO 8601, UTC: the moment from which the next take succeeds. */
  readonly resetAt: string;
}

/** The part of `env.RATE_LIMITER` that is used. */
export interface RateLimiterNamespace<Id = unknown> {
  idFromName(name: string): Id;
  get(id: Id): {
    take(policy: PolicyName, kind: KeyKind, operation?: string): Promise<RateLimitDecision>;
    finish(operation: string): Promise<void>;
  };
}

/** `network` as of `networkKey()`; `account` an e-mail address or id, in any case; absent while nobody is named. */
export interface RateLimitKeys {
  readonly network: string;
  readonly account?: string;
  /** Names what is done, so that the same thing sent again is not counted again. */
  readonly operation?: string;
}

/** One granted use of a policy. */
export interface Turn {
  /** The same operation was granted before, and is done or under way: it mails nothing once more. */
  readonly isRepeat: boolean;
  /** Says that the operation is done, so that it is not done again when it is sent again. For work after the answer. */
  finish(): Promise<void>;
}

/** `hops` is the number of Durable Objects asked. */
export type Enforcement =
  | ({ readonly allowed: true; readonly hops: number } & Turn)
  | {
      readonly allowed: false;
      readonly hops: number;
      readonly limitedBy: KeyKind;
      readonly retryAfterSeconds: number;
      readonly resetAt: string;
    };

/**
 * Takes one use of a policy: of the network first and, only if that is granted, of the account, so that nobody makes
 * objects for accounts without end. Fails closed.
 * @throws AppError `service.unavailable` when a limiter cannot be asked
 */
export async function enforce<Id>(
  namespace: RateLimiterNamespace<Id>,
  policy: PolicyName,
  keys: RateLimitKeys,
): Promise<Enforcement> {
  const { operation } = keys;
  let hops = 0;
  let turn: Turn = { isRepeat: false, finish: async () => undefined };
  for (const kind of ['network', 'account'] as const) {
    const key = keys[kind];
    if (key === undefined || limitsOf(policy, kind).length === 0) continue;
    hops += 1;
    const name = await objectName(policy, kind, key);
    const { allowed, isRepeat, retryAfterSeconds, resetAt } = await ask(namespace, name, (stub) =>
      stub.take(policy, kind, operation),
    );
    if (!allowed) return { allowed: false, hops, limitedBy: kind, retryAfterSeconds, resetAt };
    const finish = async () => {
      if (operation !== undefined) await namespace.get(namespace.idFromName(name)).finish(operation);
    };
    // The last one asked is the narrowest: the account's, where one is named.
    turn = { isRepeat, finish };
  }
  return { allowed: true, hops, ...turn };
}

/** Names show up in dashboards and logs, so they hold a digest and no address. */
async function objectName(policy: PolicyName, kind: KeyKind, key: string): Promise<string> {
  return `${policy}:${kind}:${await sha256Hex(key.trim().toLowerCase())}`;
}

async function ask<Id>(
  namespace: RateLimiterNamespace<Id>,
  name: string,
  take: (stub: ReturnType<RateLimiterNamespace<Id>['get']>) => Promise<RateLimitDecision>,
): Promise<RateLimitDecision> {
  try {
    return await take(namespace.get(namespace.idFromName(name)));
  } catch (cause) {
    // Not asked again: a take that did arrive would then count twice, and refuse the very call it was for.
    throw new AppError('service.unavailable', {
      message: 'The rate limiter cannot answer just now. Try again.',
      cause,
    });
  }
}

/** A `[[ratelimits]]` binding of wrangler.toml, such as `env.CALLS_BY_NETWORK`. */
export interface OrdinaryLimiter {
  limit(options: { key: string }): Promise<{ success: boolean }>;
}

/**
 * Counts an ordinary call at the edge. `periodSeconds` is the binding's period (10 or 60): it tells no more, so that is
 * the `Retry-After`. Counts are per location and approximate, the guard of the whole API, not of a secret; an answer
 * that cannot be had lets the call through and comes back as `failure`, for the log.
 */
export async function checkOrdinary(
  binding: OrdinaryLimiter,
  key: string,
  periodSeconds: 10 | 60,
): Promise<{ allowed: boolean; retryAfterSeconds: number; failure?: unknown }> {
  const outcome = binding.limit({ key });
  try {
    const { success } = await outcome;
    return { allowed: success, retryAfterSeconds: success ? 0 : periodSeconds };
  } catch (failure) {
    return { allowed: true, retryAfterSeconds: 0, failure };
  }
}
