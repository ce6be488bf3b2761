import { randomBytes } from 'node:crypto';

/** A grant as a client holds it. */
export interface GivenTokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** What was done with the grants. */
export interface Redemptions {
  readonly redeemed: number;
  readonly refused: number;
  /** How often the most presented refresh token came. */
  readonly mostPerToken: number;
}

interface Family {
  current: string;
  isEnded: boolean;
}

/**
 * Grants of a strict provider (RFC 9700 §4.14.2): each redemption gives another refresh token, and one that comes again
 * ends its grant.
 */
export class StrictGrants {
  readonly #families = new Map<string, Family>();
  readonly #presented = new Map<string, number>();
  #redeemed = 0;
  #refused = 0;

  give(): GivenTokens {
    const tokens = newTokens();
    this.#families.set(tokens.refreshToken, { current: tokens.refreshToken, isEnded: false });
    return tokens;
  }

  /** Null: refused, and the grant has ended. */
  redeem(refreshToken: string): GivenTokens | null {
    this.#presented.set(refreshToken, (this.#presented.get(refreshToken) ?? 0) + 1);
    const family = this.#families.get(refreshToken);
    if (!family || family.isEnded || family.current !== refreshToken) {
      if (family) family.isEnded = true;
      this.#refused += 1;
      return null;
    }
    const tokens = newTokens();
    family.current = tokens.refreshToken;
    this.#families.set(tokens.refreshToken, family);
    this.#redeemed += 1;
    return tokens;
  }

  report(): Redemptions {
    let mostPerToken = 0;
    for (const times of this.#presented.values()) mostPerToken = Math.max(mostPerToken, times);
    return { redeemed: this.#redeemed, refused: this.#refused, mostPerToken };
  }
}

function newTokens(): GivenTokens {
  const secret = (bytes: number) => randomBytes(bytes).toString('base64url');
  // As long as Google's.
  return { accessToken: secret(165), refreshToken: secret(77) };
}
