import type { AppError } from '../../errors.ts';

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

function tries(left: number): string {
  if (left <= 0) return 'It was the last try: ask for a new mail.';
  return left === 1 ? 'One try is left.' : `${left} tries are left.`;
}

/** Whole seconds for people: "45 seconds", "3 minutes". */
export function duration(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? 'one second' : `${seconds} seconds`;
  return `${Math.ceil(seconds / 60)} minutes`;
}
