/** How often something was redeemed: with tokens for an answer, or with an error. */
export interface Redemptions {
  readonly succeeded: number;
  readonly failed: number;
}

/** Which refresh token belongs to which grant, and how often it was brought. In memory, for the provider's life. */
export interface Ledger {
  given(refreshToken: string, grant: { readonly grantId: string; readonly subject: string }): void;
  redeemed(refreshToken: string, isSuccess: boolean): void;
  ofToken(refreshToken: string): Redemptions;
  ofGrant(grantId: string): Redemptions & { readonly mostPerToken: number };
  grantsOf(subject: string): string[];
  totals(): Redemptions & { readonly grants: number; readonly mostPerGrant: number; readonly mostPerToken: number };
}

const none: Redemptions = { succeeded: 0, failed: 0 };

/** An empty one. */
export function newLedger(): Ledger {
  const tokensByGrant = new Map<string, Set<string>>();
  const grantsBySubject = new Map<string, Set<string>>();
  const counts = new Map<string, Redemptions>();
  const ofToken = (refreshToken: string) => counts.get(refreshToken) ?? none;
  const ofGrant = (grantId: string) => summed([...(tokensByGrant.get(grantId) ?? [])].map(ofToken));
  return {
    given(refreshToken, { grantId, subject }) {
      tokensByGrant.set(grantId, (tokensByGrant.get(grantId) ?? new Set()).add(refreshToken));
      grantsBySubject.set(subject, (grantsBySubject.get(subject) ?? new Set()).add(grantId));
    },
    redeemed(refreshToken, isSuccess) {
      const { succeeded, failed } = ofToken(refreshToken);
      counts.set(refreshToken, isSuccess ? { succeeded: succeeded + 1, failed } : { succeeded, failed: failed + 1 });
    },
    ofToken,
    ofGrant,
    grantsOf: (subject) => [...(grantsBySubject.get(subject) ?? [])],
    totals() {
      const perGrant = [...tokensByGrant.keys()].map((grantId) => ofGrant(grantId).succeeded);
      return { ...summed([...counts.values()]), grants: tokensByGrant.size, mostPerGrant: most(perGrant) };
    },
  };
}

function summed(redemptions: readonly Redemptions[]): Redemptions & { readonly mostPerToken: number } {
  return {
    succeeded: redemptions.reduce((sum, { succeeded }) => sum + succeeded, 0),
    failed: redemptions.reduce((sum, { failed }) => sum + failed, 0),
    mostPerToken: most(redemptions.map(({ succeeded }) => succeeded)),
  };
}

/** Not `Math.max(...)`: there may be more than it takes arguments. */
function most(counts: readonly number[]): number {
  return counts.reduce((highest, count) => Math.max(highest, count), 0);
}
