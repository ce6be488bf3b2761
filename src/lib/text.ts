/** Schemas for text that comes from outside. PostgreSQL takes neither U+0000 nor a lone surrogate, in JSON neither. */
import * as z from 'zod';

/** What `safeText` takes: lengths in UTF-16 code units, after trimming if that is asked for. */
export interface TextLimits {
  readonly min?: number;
  readonly max: number;
  readonly trim?: boolean;
}

const UNSTORABLE = 'must not hold U+0000 or a lone surrogate (half of a character)';
const MAX_DEPTH = 32;

/** A text within the limits that the database can store as it is. */
export function safeText({ min = 0, max, trim = false }: TextLimits): z.ZodString {
  const text = trim ? z.string().trim() : z.string();
  return text.min(min).max(max).refine(isStorable, { error: UNSTORABLE });
}

/**
 * What makes a name look like another one, or like two: control characters, line ends, and what turns the direction of
 * text around. The joiners U+200C and U+200D stay: Persian and emoji need them.
 */
const MISLEADING = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+/gu;
const MISLEADING_IN_LINES = /[^\P{Cc}\t\n\r]|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u;

/** A name that people see: one line, `safeText` without characters that mislead. */
export function nameText(limits: TextLimits): z.ZodString {
  return safeText(limits).refine((text) => plainLine(text) === text, {
    error: 'must be one line, without control characters and characters that change the direction of text',
  });
}

/** Lines that people see: as `nameText`, but with line breaks. */
export function linesText(limits: TextLimits): z.ZodString {
  return safeText(limits).refine((text) => !MISLEADING_IN_LINES.test(text), {
    error: 'must not hold control characters (but line breaks) or characters that change the direction of text',
  });
}

/** A name that somebody else gives, such as a provider: cleaned, since there is nobody to refuse it to. */
export function plainLine(text: string): string {
  return text.replace(MISLEADING, ' ');
}

/** Whether PostgreSQL can store the text. */
export function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}

/** Any value that JSON can write. */
export type JsonValue = string | number | boolean | null | JsonValue[] | { [key: string]: JsonValue };

/**
 * Free-form JSON that `jsonb` can store: at most 32 levels deep, finite numbers, storable texts in keys and values,
 * and no key `__proto__` (assigning it while copying would change the copy's prototype).
 */
export const safeJson = z.unknown().superRefine((value, context) => {
  const problem = problemOfJson(value);
  if (problem) context.addIssue({ code: 'custom', message: problem });
}) as z.ZodType<JsonValue, JsonValue>;

/** Walks with a list of its own: the call stack must not depend on what was sent. */
function problemOfJson(root: unknown): string | null {
  const waiting: { value: unknown; depth: number }[] = [{ value: root, depth: 1 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { value, depth } = next;
    if (typeof value !== 'object' || value === null) {
      const problem = problemOfScalar(value);
      if (problem) return problem;
      continue;
    }
    if (depth > MAX_DEPTH) return `must be at most ${MAX_DEPTH} levels deep`;
    if (!Array.isArray(value) && !isPlainObject(value)) return 'must be JSON';
    for (const [key, child] of Object.entries(value)) {
      if (!isStorable(key)) return `${UNSTORABLE}, in keys neither`;
      if (key === '__proto__') return 'must not have a key "__proto__"';
      waiting.push({ value: child, depth: depth + 1 });
    }
  }
  return null;
}

function problemOfScalar(value: unknown): string | null {
  if (typeof value === 'string') return isStorable(value) ? null : UNSTORABLE;
  if (typeof value === 'number') return Number.isFinite(value) ? null : 'must hold only finite numbers';
  return value === null || typeof value === 'boolean' ? null : 'must be JSON';
}

function isPlainObject(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** RFC 5322 atoms joined by dots. Quoted local parts and comments are legal and refused: they hide a second address. */
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const DOMAIN_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;
const MAX_ADDRESS = 254;
const MAX_LOCAL_PART = 64;

/**
 * One plain e-mail address, trimmed, its case as given (compare in lower case). Only ASCII passes, so every Unicode
 * normalisation of an accepted address is the address itself: nothing can turn into another one after this check
 * (CVE-2026-73420). Refused as well: lists (CVE-2022-35924), quoted local parts (GHSA-5jpx-9hw9-2fx4), address
 * literals. International domains are given in their `xn--` form.
 */
export const emailAddress = z
  .string()
  .trim()
  .superRefine((address, context) => {
    const problem = problemOfAddress(address);
    if (problem) context.addIssue({ code: 'custom', message: problem });
  })
  .meta({ format: 'email', maxLength: MAX_ADDRESS });

function problemOfAddress(address: string): string | null {
  if (address.length > MAX_ADDRESS) return `must be at most ${MAX_ADDRESS} characters`;
  // oxlint-disable-next-line no-control-regex -- the whole of ASCII is what is asked about
  if (!/^[\x00-\x7f]*$/.test(address)) return 'must be ASCII; write an international domain in its xn-- form';
  const [local = '', domain = '', ...rest] = address.split('@');
  if (rest.length > 0 || !domain) return 'must be one e-mail address, such as name@example.com';
  if (local.length > MAX_LOCAL_PART || !LOCAL_PART.test(local)) return 'must be a plain e-mail address without quotes';
  const labels = domain.split('.');
  const isHostname = labels.length > 1 && labels.every((label) => DOMAIN_LABEL.test(label));
  return isHostname && !/^\d+$/.test(labels.at(-1) ?? '') ? null : 'must end in a domain name, such as example.com';
}
