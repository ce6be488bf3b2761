/**
 * What stands for the account of a grant that came without one, until its provider was asked: the same as
 * `gatehouse.unverified_account`, so that values can be sealed for their row before the trip.
 */
export async function unverifiedAccount(serviceId: string, externalUserId: string | null): Promise<string> {
  const bytes = new TextEncoder().encode(`${serviceId}:${externalUserId ?? ''}`);
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return `unverified:${Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Whether an account id of the vault is such a placeholder. */
export function isUnverified(accountId: string): boolean {
  return accountId.startsWith('unverified:');
}
