import type { ErrorCode } from './errors.ts';
import type { Bindings, Settings } from './env.ts';
import type { Gate, Requirement } from './db/gate.ts';
import type { Credential } from './lib/credentials.ts';
import type { Device } from './lib/user-agent.ts';
import type { Mailer } from './mail/mailer.ts';
import type { Operation } from './operation.ts';
import type { PolicyName, Turn } from './rate-limits.ts';

/** Where a request came from, as far as it tells. Kept out of logs. */
export interface RequestFacts {
  readonly requestId: string;
  /** Canonical text of the caller's address, or null. */
  readonly address: string | null;
  /** Reads the User-Agent when asked, since most calls never need it. */
  device(): Device;
  location(): Location;
  /** As sent, not checked yet: src/operation.ts is the only reader. */
  readonly idempotency: {
    /** `Idempotency-Key`. */
    readonly key: string | null;
    /** `Idempotency-Caller`: a secret by which a caller without a credential is known again. */
    readonly caller: string | null;
  };
}

/** From Cloudflare's own look-up; null where it does not know. */
export interface Location {
  readonly city: string | null;
  readonly country: string | null;
  readonly latitude: number | null;
  readonly longitude: number | null;
}

/**
 * The cookies there are: the session's secret; the secret of the browser that began a sign-in, for ten minutes; and the
 * browser's own, by which a sign-in from it is not taken for a new device's.
 */
export type CookieName = 'session' | 'sign_in' | 'device';

export interface Cookies {
  read(name: CookieName): string | null;
  /** `maxAge` in seconds. */
  set(name: CookieName, value: string, maxAge: number): void;
  clear(name: CookieName): void;
}

/** What every call has, whatever the transport. */
export interface Context {
  readonly settings: Settings;
  readonly bindings: Bindings;
  readonly facts: RequestFacts;
  readonly credential: Credential | null;
  readonly cookies: Cookies;
  /** Made when it is asked for: a deployment without mail can do everything else. */
  mailer(): Mailer;
  /** Work that may end after the answer. */
  later(work: Promise<unknown>): void;
  log(event: LogEvent): void;
  memberGate(credential: Credential, requirement: Requirement): Gate;
  readonly systemGate: Gate;
  /** Makes the ids and secrets of this call: random ones, or with an `Idempotency-Key` the same ones again. */
  readonly operation: Operation;
  /**
   * Counts one attempt at a named sensitive action; refuses with `rate_limit.exceeded`. The same operation (src/trpc.ts
   * names it) sent again is not counted again, and its turn says so.
   */
  limit(policy: PolicyName, account?: string, operation?: string): Promise<Turn>;
}

/** One structured log line. No personal data, no secrets: only what is listed here. */
export interface LogEvent {
  readonly event: string;
  readonly level?: 'info' | 'warn' | 'error';
  readonly code?: ErrorCode;
  readonly detail?: string;
}

/** A call of anybody: the verb works as the system, on what it was given alone. */
export type SystemContext = Context & { readonly system: Gate };

/** A call behind the gate. */
export type GatedContext = Context & { readonly gate: Gate };

/** What work on the vault needs, in a request as in a job: it goes on where no caller is. */
export type VaultContext = Pick<Context, 'settings' | 'bindings' | 'systemGate' | 'log'>;
