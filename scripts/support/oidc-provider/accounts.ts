/** Who can sign in at the local OpenID provider. */

/** A person as the provider knows them. */
export interface Account {
  /** The `sub` claim. */
  readonly subject: string;
  readonly email: string;
  /** The `email_verified` claim. */
  readonly isEmailVerified: boolean;
  readonly name: string;
  /** Scopes that this person leaves out when asked for them. */
  readonly refusedScopes?: readonly string[];
  /** How long this person's access tokens live; else as the provider's. */
  readonly accessTokenSeconds?: number;
  /** What happens to this person's refresh tokens; else as the provider's. */
  readonly rotation?: Rotation;
}

/**
 * `strict`: each refresh gives another refresh token, and one used again ends the grant (RFC 9700 §4.14.2). `none`: the
 * refresh token stays, and an answer to a refresh does not repeat it, as Google's.
 */
export type Rotation = 'strict' | 'none';

/**
 * Two honest people, and one who claims the address of the first without a proof.
 * @param port the provider's. Their subjects differ with it, as its issuer does: data that another port's provider left
 *   behind must not stand in the way, and a connector's subject is kept once
 */
export function exampleAccounts(port: number): readonly Account[] {
  return [
    { subject: `ada-${port}`, email: 'ada@example.com', isEmailVerified: true, name: 'Ada Lovelace' },
    { subject: `grace-${port}`, email: 'grace@example.com', isEmailVerified: true, name: 'Grace Hopper' },
    { subject: `mallory-${port}`, email: 'ada@example.com', isEmailVerified: false, name: 'Mallory' },
  ];
}

/** The claims of an account, for ID token and UserInfo (OpenID Connect Core §5.1). */
export function claimsOf(account: Account): { sub: string; [claim: string]: unknown } {
  return {
    sub: account.subject,
    email: account.email,
    email_verified: account.isEmailVerified,
    name: account.name,
    picture: `https://example.com/${encodeURIComponent(account.subject)}.png`,
  };
}

/**
 * The account that a login hint names: the subject of a known one, or a whole account as base64url JSON, which is added
 * to the known ones. So a test makes its own people.
 * @returns null where the hint is neither
 */
export function hintedAccount(accounts: Map<string, Account>, hint: string): Account | null {
  const known = accounts.get(hint);
  if (known) return known;
  const account = parseAccount(Buffer.from(hint, 'base64url').toString('utf8'));
  if (account) accounts.set(account.subject, account);
  return account;
}

function parseAccount(text: string): Account | null {
  try {
    const { subject, email, isEmailVerified, name, ...habits } = JSON.parse(text) as Partial<Account>;
    if (typeof subject !== 'string' || typeof email !== 'string' || typeof name !== 'string') return null;
    return { subject, email, isEmailVerified: isEmailVerified === true, name, ...habits };
  } catch {
    return null;
  }
}
