/** Who is calling, as far as an address tells: only `cf-connecting-ip` counts, and one network has one key. */

/** Key of callers whose address is absent or not an address: they share one bucket. */
export const UNKNOWN_NETWORK = 'unknown';

/**
 * The key under which a network is counted: an IPv4 address as it is, an IPv6 address as its /64 (what one customer
 * gets at the least), an IPv4-mapped IPv6 address as the IPv4. Every spelling of an address gives the same key, and
 * what is no address gives `unknown` (CVE-2026-45364: rotation within a /64 and aliases evaded a limit).
 */
export function networkKey(ip: string | null): string {
  const address = ip === null ? null : parseAddress(ip);
  if (!address) return UNKNOWN_NETWORK;
  if (address.length === 4) return address.join('.');
  return `${address.slice(0, 4).map(hex).join(':')}::/64`;
}

/**
 * The caller's address in canonical spelling (RFC 5952), or null. Only Cloudflare's own header is read: anybody can
 * send `x-forwarded-for` and its kin.
 */
export function clientAddress(headers: Headers): string | null {
  const address = parseAddress(headers.get('cf-connecting-ip') ?? '');
  if (!address) return null;
  return address.length === 4 ? address.join('.') : formatIpv6(address);
}

/** Four octets of an IPv4 (or IPv4-mapped) address, eight groups of an IPv6 address, or null. */
function parseAddress(text: string): number[] | null {
  if (!text.includes(':')) return parseIpv4(text);
  const groups = parseIpv6(text);
  if (!groups) return null;
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
  return isMapped ? groups.slice(6).flatMap((group) => [group >> 8, group & 0xff]) : groups;
}

/** Dotted decimal only; a leading zero is refused, since some readers take it for octal. */
function parseIpv4(text: string): number[] | null {
  const parts = text.split('.');
  const octets = parts.filter((part) => /^(0|[1-9]\d{0,2})$/.test(part)).map(Number);
  return parts.length === 4 && octets.length === 4 && octets.every((octet) => octet <= 255) ? octets : null;
}

/** RFC 4291 §2.2: eight groups, at most one `::`, the last two perhaps as dotted decimal. No zone, no brackets. */
function parseIpv6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '', true) : [];
  if (!head || !tail) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return null;
  return [...head, ...Array.from({ length: missing }, () => 0), ...tail];
}

function parseGroups(text: string, mayEndInIpv4: boolean): number[] | null {
  if (text === '') return [];
  const parts = text.split(':');
  const last = mayEndInIpv4 && parts.at(-1)?.includes('.') ? parseIpv4(parts.pop() ?? '') : [];
  if (!last || !parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return null;
  const [a = 0, b = 0, c = 0, d = 0] = last;
  const embedded = last.length === 4 ? [(a << 8) | b, (c << 8) | d] : [];
  return [...parts.map((part) => Number.parseInt(part, 16)), ...embedded];
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function formatIpv6(groups: readonly number[]): string {
  const text = groups.map(hex).join(':');
  let longest: { index: number; length: number } = { index: 0, length: 0 };
  for (const run of text.matchAll(/(?<![0-9a-f])0(?::0)+(?![0-9a-f])/g)) {
    if (run[0].length > longest.length) longest = { index: run.index, length: run[0].length };
  }
  if (longest.length === 0) return text;
  const before = text.slice(0, longest.index).replace(/:$/, '');
  const after = text.slice(longest.index + longest.length).replace(/^:/, '');
  return `${before}::${after}`;
}

function hex(group: number): string {
  return group.toString(16);
}
