import { AppError } from '../../../errors.ts';

/** What `read` gives. Whatever it throws means that bytes from outside could not be read. @throws passkey.malformed */
export function orMalformed<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new AppError('passkey.malformed', { cause });
  }
}

/** Whether two byte strings are the same. Not for secrets: it stops at the first difference. */
export function isSame(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}
