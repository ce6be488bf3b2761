import type { AppError } from '../../errors.ts';
import { errorData } from '../../trpc.ts';

/** What is wrong with an address that was typed. */
export const ADDRESS_WORDS = 'That is not an e-mail address we can write to, such as name@example.com.';

/** A refusal in words for a person at a form. The API's own message, save where a page can say it better. */
export function inWords(refusal: AppError): string {
  const { retryAfter, attemptsLeft } = refusal.details;
  switch (refusal.code) {
    case 'rate_limit.exceeded':
      return retryAfter === undefined ? refusal.message : `Too many attempts. Try again in ${duration(retryAfter)}.`;
    case 'code.invalid':
      return attemptsLeft === undefined
        ? refusal.message
        : `That code is not right. Look at the newest mail. ${tries(attemptsLeft)}`;
    case 'code.exhausted':
      return 'Too many wrong codes: this one is spent. Ask for a new mail.';
    case 'magic_link.expired':
      return 'The link and the code have expired. Ask for a new mail.';
    case 'magic_link.used':
      return 'The link or the code was already used. Ask for a new mail.';
    case 'sign_up.closed':
      return 'There is no account for that address, and new accounts are not open.';
    case 'redirect.refused':
      return 'The address to return to is not one that we send people to. Open the sign-in page anew.';
    default:
      return refusal.message;
  }
}

/**
 * What is wrong with which field of a form, for a refusal of the input; empty for any other refusal.
 * @param words by the name that the procedure's input has: the field's own name, and the sentence
 */
export function problemsOf<Field extends string>(
  refusal: AppError,
  words: Readonly<Record<string, readonly [Field, string]>>,
): Partial<Record<Field, string>> {
  // An item of a list is "scopes.0".
  const names = (errorData(refusal, '').fields ?? []).map(({ path }) => path.split('.')[0]);
  const found = Object.entries(words).flatMap(([name, field]) => (names.includes(name) ? [field] : []));
  return Object.fromEntries(found) as Partial<Record<Field, string>>;
}

function tries(left: number): string {
  if (left <= 0) return 'It was the last try: ask for a new mail.';
  return left === 1 ? 'One try is left.' : `${left} tries are left.`;
}

/** Whole seconds for people: "45 seconds", "3 minutes". */
export function duration(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? 'one second' : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
