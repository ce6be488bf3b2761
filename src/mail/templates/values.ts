/** What may stand in a mail: names, links, codes and times are checked or cleaned here before any template sees them. */

/** What a mail says instead of the product's name where that has no visible character. */
const NAMELESS = 'your account';

/** Whatever is set as the product's name, it stays a name: one line, no control or format character, at most 60 long. */
export function plainName(name: string): string {
  return firstOf(oneLine(name), 60) || NAMELESS;
}

/** "your Acme account", for the middle of a sentence. */
export function accountAt(productName: string): string {
  const name = plainName(productName);
  return name === NAMELESS ? name : `your ${name} account`;
}

/** What no address of any kind can be written without; UTS #46 reads "。" as a dot. */
const JOINT = /^[.。:@\\]$/;

/**
 * A value that a stranger may have chosen (the name of a device, a token or a place, an address) as one line of at
 * most 120 characters (or `most`) that no mail program makes a link of: "http://evil.example" becomes "http: //evil. example".
 *
 * Mail programs link whatever looks like a web or mail address, a scheme such as "tel:" or a share of Windows, escaped
 * or not; in a mail of ours such a link would have our name above it (CVE-2022-31127 is the same with markup). So a
 * space goes behind each joint of such an address, also in the forms that browsers read as the same character ("．").
 * It can be seen: an invisible joiner (U+2060) would be copied along unnoticed, looks to filters like an attempt to get
 * past them, and programs differ in whether it ends an address. Telephone numbers without a scheme are left to
 * `format-detection` in the layout.
 * @returns the empty string when nothing is left
 */
export function outsideText(value: string, most = 120): string {
  // A comma ends every address, and "Washington, D.C., US" is a place.
  const apart = oneLine(value).replace(/\S(?=[^\s,])/gu, (sign) =>
    JOINT.test(sign.normalize('NFKC')) ? `${sign} ` : sign,
  );
  return Array.from(apart).length > most ? `${firstOf(apart, most - 1)}…` : apart;
}

/** Enough of an address for its owner to know it by: "a…@example.com". Without an "@" all of it is hidden. */
export function maskedAddress(address: string): string {
  const at = address.lastIndexOf('@');
  return at < 1 ? '…' : `${firstOf(address, 1)}…${address.slice(at)}`;
}

/** A time in UTC as people write it: "3 March 2026, 14:05 UTC". @throws TypeError when `when` is not ISO 8601 */
export function readableTime(when: string): string {
  const time = new Date(when);
  if (!/^\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)$/.test(when) || Number.isNaN(time.getTime())) {
    throw new TypeError('The time of a mail must be ISO 8601 with its zone.');
  }
  const date = time.toLocaleDateString('en-GB', { day: 'numeric', month: 'long', year: 'numeric', timeZone: 'UTC' });
  return `${date}, ${time.toISOString().slice(11, 16)} UTC`;
}

/** @returns the link itself. @throws TypeError when it is not http(s), or not printable ASCII without spaces */
export function checkedLink(link: string): string {
  // A "javascript:" address needs no markup to do harm.
  const isWeb = URL.canParse(link) && /^https?:$/.test(new URL(link).protocol);
  if (!isWeb || !/^[!-~]+$/.test(link)) throw new TypeError('The link of a mail must be an http(s) URL.');
  return link;
}

/** @returns the code itself. @throws TypeError when it is not 4 to 10 digits */
export function checkedCode(code: string): string {
  if (!/^\d{4,10}$/.test(code)) throw new TypeError('The code of a mail must be 4 to 10 digits.');
  return code;
}

/** "1 minute", "10 minutes". @throws TypeError when the minutes are not a positive integer */
export function inMinutes(minutes: number): string {
  if (!Number.isInteger(minutes) || minutes < 1) throw new TypeError('The minutes must be a positive integer.');
  return `${minutes} ${minutes === 1 ? 'minute' : 'minutes'}`;
}

function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
}

/** By code points, so that no character is cut in half. */
function firstOf(text: string, length: number): string {
  return Array.from(text).slice(0, length).join('');
}
