/** What a page may be told to say by its address: a key of this table, never a text (CVE-2025-71404). */
const notices = {
  profile: 'Your profile is saved.',
  revoked: 'That session is signed out.',
  revoked_others: 'Every other session is signed out.',
  signed_out: 'You are signed out.',
  session_ended: 'Your session has ended. Sign in again.',
  elsewhere: 'Sign in first. If a mail led you here, open its link in the browser where you are signed in.',
  confirmed: 'Confirmed. Now try again.',
  passkey_added: 'The passkey is added. You can sign in with it from now on.',
  passkey_renamed: 'The passkey has its new name.',
  passkey_removed: 'The passkey is removed. Delete it from your device or password manager too.',
  linked: 'The account is linked. You can sign in with it from now on.',
  unlinked: 'The account is unlinked.',
  connected: 'The account is connected.',
  reconnected: 'The account is connected again.',
  refreshed: 'The connection works, and its access is fresh.',
  primary: 'This is the primary account from now on.',
  disconnected: 'The account is disconnected, and its tokens are erased here.',
  labelled: 'The account has its new label.',
  deactivated: 'The account is disconnected. You can connect it again below.',
  email: 'Your e-mail address is changed.',
  token_revoked: 'The token is revoked. Programs that have it are refused from now on.',
} as const;

export type NoticeKey = keyof typeof notices;

/** The sentence of a key; null for whatever else an address holds. */
export function noticeOf(key: string | undefined): string | null {
  return key !== undefined && Object.hasOwn(notices, key) ? notices[key as NoticeKey] : null;
}
