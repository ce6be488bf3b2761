import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { safeRedirect } from '../../../src/lib/redirects.ts';

const allowed = {
  publicUrl: 'https://account.example.com',
  trustedOrigins: ['https://app.example.com', 'http://localhost:3000', 'https://*.wild.example', 'not a url', 'data:x'],
};

describe('a redirect', () => {
  it.each([
    ['/', 'https://account.example.com/'],
    ['/account', 'https://account.example.com/account'],
    ['/account?tab=sessions&q=a%20b%5C#top', 'https://account.example.com/account?tab=sessions&q=a%20b%5C#top'],
    ['/a/../b', 'https://account.example.com/b'],
    ['/next?to=https://evil.example//x', 'https://account.example.com/next?to=https://evil.example//x'],
    ['https://account.example.com/x', 'https://account.example.com/x'],
    ['https://app.example.com', 'https://app.example.com/'],
    ['HTTPS://APP.example.com:443/x', 'https://app.example.com/x'],
    ['https://app.example.com?x=1', 'https://app.example.com/?x=1'],
    ['http://localhost:3000/callback', 'http://localhost:3000/callback'],
  ])('to %s is allowed and normalised', (candidate, url) => {
    expect(safeRedirect(candidate, allowed)).toBe(url);
  });

  it.each([
    [undefined],
    [''],
    [' '],
    ['account'],
    ['?x'],
    ['#x'],
    ['.'],
    ['../x'],
    // Scheme-relative and its disguises (CVE-2025-27143).
    ['//evil.example'],
    ['///evil.example'],
    ['/\\evil.example'],
    ['\\\\evil.example'],
    ['/\t/evil.example'],
    ['/\n/evil.example'],
    ['\t//evil.example'],
    [' //evil.example'],
    ['/..//evil.example'],
    ['/.//evil.example'],
    ['/%2e//evil.example'],
    ['/%2e%2e//evil.example'],
    // Encoded, once or more (a proxy may decode).
    ['/%2fevil.example'],
    ['/%2Fevil.example'],
    ['/%5cevil.example'],
    ['/%252fevil.example'],
    ['/%25252fevil.example'],
    ['/%2525252525252fx'],
    ['/%09/evil.example'],
    ['/%0d%0aset-cookie:x'],
    ['/%00'],
    ['/a%5cb'],
    ['%2f%2fevil.example'],
    ['/%zz'],
    ['/%ff'],
    // Origins that only look like a listed one (CVE-2024-56734, CVE-2025-71403).
    ['https://evil.example'],
    ['https://app.example.com.evil.example'],
    ['https://app.example.comevil.example'],
    ['https://evil-app.example.com'],
    ['https://sub.app.example.com'],
    ['http://app.example.com'],
    ['https://app.example.com:8443'],
    ['https://app.example.com.'],
    ['https://a.wild.example'],
    ['https://*.wild.example'],
    ['http://localhost:3001'],
    ['http://localhost'],
    ['https://app.example.com%2eevil.example'],
    ['https://app.example.com%00.evil.example'],
    ['https://app.example.com\\.evil.example'],
    ['https://аpp.example.com'],
    ['https://app。example.com'],
    ['https://app.example.com\u2028'],
    // Userinfo.
    ['https://app.example.com@evil.example'],
    ['https://user@app.example.com'],
    ['https://:@app.example.com'],
    ['https://user:pw@app.example.com/'],
    ['https://@app.example.com'],
    // Schemes, and http(s) written so that parsers disagree.
    ['javascript:alert(1)'],
    ['JaVaScRiPt:alert(1)'],
    ['java\nscript:alert(1)'],
    ['data:text/html,x'],
    ['data:x'],
    ['blob:https://app.example.com/x'],
    ['file:///etc/passwd'],
    ['ftp://app.example.com'],
    ['https:app.example.com'],
    ['https:/app.example.com'],
    ['https:evil.example'],
    ['https:///app.example.com'],
    ['https:\\\\app.example.com'],
    ['http:app.example.com'],
    ['https://app.example.com//evil.example'],
    ['https://app.example.com/%5c'],
    [`/${'a'.repeat(2100)}`],
  ])('to %j is refused', (candidate) => {
    expect(safeRedirect(candidate, allowed)).toBeNull();
  });

  it('never leaves the listed origins and changes no more when taken again', () => {
    const piece = fc.constantFrom(
      '/',
      '\\',
      '//',
      'https:',
      'http:',
      'app.example.com',
      'evil.example',
      '@',
      ':',
      '.',
      '..',
      '%2f',
      '%5c',
      '%25',
      '?',
      '#',
      '\t',
      'a',
      '*',
      '443',
    );
    const candidate = fc.oneof(
      fc.array(piece, { maxLength: 10 }).map((parts) => parts.join('')),
      fc.string(),
      fc.webUrl(),
    );
    const origins = new Set(['https://account.example.com', 'https://app.example.com', 'http://localhost:3000']);
    fc.assert(
      fc.property(candidate, (text) => {
        const url = safeRedirect(text, allowed);
        if (url === null) return;
        expect(origins).toContain(new URL(url).origin);
        expect(new URL(url).pathname).not.toMatch(/^\/[/\\]/);
        expect(safeRedirect(url, allowed)).toBe(url);
      }),
      { numRuns: 5000 },
    );
  });
});
