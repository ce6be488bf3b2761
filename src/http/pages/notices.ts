/** What a page may be told to say by its address: a key of this table, never a text (CVE-2025-71404). */
const notices = {
  profile: 'Your profile is saved.',
  revoked: 'That session is signed out.',
  revoked_others: 'Every other session is signed out.',
  signed_out: 'You are signed out.',
  session_ended: 'Your session has ended. Sign in again.',
} as const;

export type NoticeKey = keyof typeof notices;

/** The sentence of a key; null for whatever else an address holds. */
export function noticeOf(key: string | undefined): string | null {
  return key !== undefined && Object.hasOwn(notices, key) ? notices[key as NoticeKey] : null;
}
