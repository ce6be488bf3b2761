import type { TokenEndpointResponse } from 'oauth4webapi';
import { AppError } from '../errors.ts';
import { emailAddress, isStorable, plainLine } from '../lib/text.ts';
import { scopesIn } from './scopes.ts';
import type { ClaimedIdentity, Claims, Connector, ProviderIdentity } from './types.ts';

const MAX_SUBJECT = 255;
const MAX_NAME = 200;
const MAX_URL = 2048;

/** What a provider answered, of which the issuer is checked already. */
export interface Answer {
  readonly issuer: string;
  readonly claimed: ClaimedIdentity;
  /** What that was read from. */
  readonly claims: Claims;
  /** The token endpoint's. Its `scope` is absent when it is what was asked for (RFC 6749 §5.1). */
  readonly token: TokenEndpointResponse;
}

/**
 * Checks what a provider says about somebody. What it must say is the subject; the rest is null where it does not hold.
 * @throws provider.answer_invalid without a subject: an empty one would be everybody (GHSA-5hvv-9cqv-894r)
 */
export function identityOf(connector: Connector, { issuer, claimed, token }: Answer): ProviderIdentity {
  const { subject } = claimed;
  if (typeof subject !== 'string' || subject === '' || subject.length > MAX_SUBJECT || !isStorable(subject)) {
    throw new AppError('provider.answer_invalid', { cause: 'subject' });
  }
  const email = emailAddress.safeParse(claimed.email).data ?? null;
  return {
    issuer,
    subject,
    email,
    isEmailVerified: email !== null && claimed.isEmailVerified,
    name: nameOf(claimed.name),
    avatarUrl: imageOf(claimed.avatarUrl),
    scopes: token.scope === undefined ? connector.scopes : scopesIn(connector, token.scope),
  };
}

/** A name on one line, at most 200 UTF-16 code units. */
function nameOf(name: unknown): string | null {
  if (typeof name !== 'string' || !name.isWellFormed()) return null;
  const line = plainLine(name).replace(/\s+/g, ' ').trim();
  // Half a character, where the cut went through one, cannot be stored.
  return (
    line
      .slice(0, MAX_NAME)
      .replace(/[\ud800-\udbff]$/, '')
      .trim() || null
  );
}

/** https only: it ends in pages of ours, where anything else leaks, or runs. */
function imageOf(url: unknown): string | null {
  if (typeof url !== 'string' || url.length > MAX_URL || !URL.canParse(url)) return null;
  const { protocol, href, username, password } = new URL(url);
  return protocol === 'https:' && !username && !password && href.length <= MAX_URL ? href : null;
}
