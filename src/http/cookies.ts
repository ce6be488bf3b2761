import type { CookieName, Cookies } from '../context.ts';

/**
 * The request's cookies, and the Set-Cookie lines of the answer. On https the names carry `__Host-`, so that no other
 * host of the domain and no plain http can set them (ASVS 3.3); on http, which only development has, they cannot.
 */
export function openCookies(header: string | null, isSecure: boolean): Cookies & { readonly setCookies: string[] } {
  const setCookies: string[] = [];
  const fullName = (name: CookieName) => `${isSecure ? '__Host-' : ''}gatehouse_${name}`;
  const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
  return {
    setCookies,
    read: (name) => readCookie(header, fullName(name)),
    set: (name, value, maxAge) => void setCookies.push(`${fullName(name)}=${value}; Max-Age=${maxAge}; ${attributes}`),
    clear: (name) => void setCookies.push(`${fullName(name)}=; Max-Age=0; ${attributes}`),
  };
}

/** The value of a cookie; null when it is absent, or there twice, which only happens when somebody slipped one in. */
function readCookie(header: string | null, name: string): string | null {
  if (!header?.includes(name)) return null;
  const values = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  return values.length === 1 ? (values[0] ?? null) : null;
}
