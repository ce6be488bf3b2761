import type { SealedTokens } from './vault.ts';

/** What the refresh queue carries. Ids are hints, since the rows are the truth; new tokens are as the row keeps them: sealed. */
export type VaultMessage = RefreshMessage | CommitMessage;

/** Connections that were claimed by the sweep, each with the version it had. */
export interface RefreshMessage {
  readonly kind: 'refresh';
  readonly rows: readonly (readonly [id: string, version: number])[];
}

/** New tokens that the provider gave while the database could not be reached. */
export interface CommitMessage {
  readonly kind: 'commit';
  readonly commit: RefreshCommit;
  /** Unix time in milliseconds, by the Worker's clock: lifetimes count from there. */
  readonly answeredAt: number;
}

/** What `gatehouse.commit_refresh` takes. */
export interface RefreshCommit {
  readonly id: string;
  readonly version: number;
  readonly leaseId: string;
  /** What a revocation needs, should the connection be gone by now. */
  readonly connection: {
    readonly owner: string;
    readonly connector: string;
    readonly accountId: string;
    readonly clientId: string | null;
    readonly clientSecret: string | null;
    readonly parameters: Readonly<Record<string, string>>;
  };
  readonly tokens: SealedTokens;
}
