/** Where a person may be sent after signing in. */

/** The deployment's own address, and the origins it trusts beside that, each spelt out whole. */
export interface AllowedRedirects {
  readonly publicUrl: string;
  readonly trustedOrigins: readonly string[];
}

const MAX_LENGTH = 2048;

/**
 * The normalised absolute URL to redirect to, or null when the candidate is refused. Allowed are a path on the
 * deployment's own origin (`/…`) and an absolute URL whose origin is exactly one of the list. Always redirect to what
 * is returned, never to the candidate.
 *
 * Everything else is refused before a URL parser can be generous about it: CVE-2025-27143 (`//evil`),
 * CVE-2024-56734 and CVE-2025-71403 (prefix and wildcard matching), backslashes, userinfo, encoded variants.
 */
export function safeRedirect(candidate: string | undefined, allowed: AllowedRedirects): string | null {
  // Visible ASCII without the backslash: browsers strip tabs and line feeds, and read "\" as "/".
  if (!candidate || candidate.length > MAX_LENGTH || !/^[!-[\]-~]+$/.test(candidate)) return null;
  const isPath = candidate.startsWith('/');
  if (isPath ? candidate.startsWith('//') : !/^https?:\/\/[^/?#@%]+(?:[/?#]|$)/i.test(candidate)) return null;
  const url = parseUrl(candidate, isPath ? allowed.publicUrl : undefined);
  if (!url || url.username || url.password || !isPlainPath(url.pathname)) return null;
  const origins = [allowed.publicUrl, ...allowed.trustedOrigins].map(originOf);
  return origins.includes(url.origin) ? url.href : null;
}

/** The origin of a trusted entry; null where the entry is no http(s) URL or tries a wildcard. */
function originOf(text: string): string | null {
  const url = text.includes('*') ? null : parseUrl(text);
  return url && /^https?:$/.test(url.protocol) ? url.origin : null;
}

function parseUrl(text: string, base?: string): URL | null {
  return URL.canParse(text, base) ? new URL(text, base) : null;
}

/**
 * Whether the path stays one when a proxy or a later hop decodes it: after dot segments are resolved and at each level
 * of percent-decoding it begins with one slash and holds neither a backslash nor a control character.
 */
function isPlainPath(pathname: string): boolean {
  let path = pathname;
  for (let level = 0; level < 4; level += 1) {
    if (path.startsWith('//') || hasUnsafeCharacter(path)) return false;
    const decoded = decode(path);
    if (decoded === null) return false;
    if (decoded === path) return true;
    path = decoded;
  }
  return false;
}

function hasUnsafeCharacter(path: string): boolean {
  for (const character of path) {
    const code = character.charCodeAt(0);
    if (character === '\\' || code < 0x20 || code === 0x7f) return true;
  }
  return false;
}

function decode(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}
