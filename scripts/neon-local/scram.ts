/** Passwords against what PostgreSQL keeps of them in `pg_authid.rolpassword`. */
import { createHash, createHmac, pbkdf2Sync, timingSafeEqual } from 'node:crypto';

/**
 * Whether a password fits a stored verifier: `SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server
 * key>` (RFC 5803) or `md5…`.
 */
export function passwordMatches(password: string, user: string, verifier: string): boolean {
  const scram = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):/.exec(verifier);
  if (scram) {
    const [, iterations, salt = '', storedKey = ''] = scram;
    // SASLprep (RFC 4013) is NFKC for the text that passwords are made of.
    const salted = pbkdf2Sync(
      password.normalize('NFKC'),
      Buffer.from(salt, 'base64'),
      Number(iterations),
      32,
      'sha256',
    );
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    return equal(createHash('sha256').update(clientKey).digest(), Buffer.from(storedKey, 'base64'));
  }
  const md5 = createHash('md5')
    .update(password + user)
    .digest('hex');
  return equal(Buffer.from(`md5${md5}`), Buffer.from(verifier));
}

/** Remembers, per user, the last password that fitted, as a hash: the derivation takes milliseconds. */
export class PasswordCache {
  #passed = new Map<string, { verifier: string; digest: Buffer }>();

  /** As `passwordMatches`, quick for a password that fitted this verifier before. */
  check(password: string, user: string, verifier: string): boolean {
    const digest = createHash('sha256').update(password).digest();
    const last = this.#passed.get(user);
    if (last?.verifier === verifier && equal(last.digest, digest)) return true;
    if (!passwordMatches(password, user, verifier)) return false;
    this.#passed.set(user, { verifier, digest });
    return true;
  }
}

function equal(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}
