import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { newApiToken } from '../../../src/lib/api-token.ts';
import { parseCredential, SESSION_PREFIX } from '../../../src/lib/credentials.ts';
import { randomSecret } from '../../../src/lib/secrets.ts';

describe('a credential', () => {
  it('is a session or an API token by its form', () => {
    expect(parseCredential(SESSION_PREFIX + randomSecret())?.kind).toBe('session');
    expect(parseCredential(newApiToken())?.kind).toBe('token');
  });

  it('is looked up by the SHA-256 of the whole of it, computed once', async () => {
    for (const secret of [SESSION_PREFIX + randomSecret(), newApiToken()]) {
      const credential = parseCredential(secret);
      const first = credential?.hash();
      expect(await first).toBe(createHash('sha256').update(secret).digest('hex'));
      expect(credential?.hash()).toBe(first);
    }
  });

  it('is none when an API token is mistyped', () => {
    const token = newApiToken();
    const last = token.endsWith('a') ? 'b' : 'a';
    expect(parseCredential(token.slice(0, -1) + last)).toBeNull();
    expect(parseCredential(token.toUpperCase())).toBeNull();
  });

  it.each(['', 'gts_', 'gtk_', `gts_${'a'.repeat(42)}`, `gts_${'a'.repeat(44)}`, `gtx_${'a'.repeat(43)}`, '../../x'])(
    'is none in "%s"',
    (text) => expect(parseCredential(text)).toBeNull(),
  );
});
