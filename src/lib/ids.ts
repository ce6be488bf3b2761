import { v7, validate } from 'uuid';
import * as z from 'zod';

/** A new id, uuid v7: its first 48 bits are the time, so rows of one user lie together in an index. */
export function newId(): string {
  return v7();
}

/** A uuid in the input of a procedure. */
export const Uuid = z.uuid();

/** Whether the text is a uuid of any version. */
export function isUuid(text: string): boolean {
  return validate(text);
}

/** A uuid (version 8, "made by a rule of its own", RFC 9562 §5.8) from 16 bytes of a digest. */
export function uuidFromDigest(digest: Uint8Array): string {
  const bytes = digest.slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
