/** One legacy row as what it becomes, in the clear: pure, so that a dry run counts exactly what a run would move. */
import { isNumeric, type LegacyColumn, type Slot, SLOT_KEYS, SLOTS } from './columns.ts';
import { type LegacyDate, readLegacyDate } from './dates.ts';

/** A legacy row: the text of each column, in the columns' order, and the JSON of those that go to `users.metadata`. */
export interface LegacyUser {
  readonly values: readonly (string | null)[];
  readonly metadata: string;
}

/** A grant for the vault. */
export interface PlannedGrant {
  readonly accessToken: string | null;
  readonly refreshToken: string | null;
  readonly clientId: string | null;
  readonly clientSecret: string | null;
  readonly expiresAt: LegacyDate | null;
  readonly isExpired: boolean;
  /** With spaces between. */
  readonly scopes: string;
}

export interface PlannedIntegration {
  readonly slot: Slot;
  /** A sign-up that was begun and never finished is not active. */
  readonly isActive: boolean;
  readonly externalUserId: string | null;
  readonly grant: PlannedGrant | null;
  readonly authCode: string | null;
  /** A JSON object. */
  readonly credentials: string | null;
}

export interface PlannedUser {
  readonly id: string;
  readonly createdAt: LegacyDate | null;
  readonly profile: Readonly<Record<string, string | null>>;
  readonly metadata: string;
  /** To be sealed one by one into the metadata. */
  readonly secrets: readonly { readonly column: string; readonly value: string }[];
  readonly integrations: readonly PlannedIntegration[];
}

/** Plans one row. `onUnreadable` is told the column of each date that cannot be read; it is null then. */
export function planUser(
  columns: readonly LegacyColumn[],
  user: LegacyUser,
  onUnreadable: (column: string) => void,
): PlannedUser {
  const of = (use: string, field: string): { column: LegacyColumn; value: string } | null => {
    const index = columns.findIndex((column) => column.use === use && column.field === field);
    const [column, value] = [columns[index], user.values[index]];
    return column === undefined || value === null || value === undefined || value === '' ? null : { column, value };
  };
  const text = (use: string, field: string): string | null => of(use, field)?.value ?? null;
  const date = (use: string, field: string): LegacyDate | null => {
    const found = of(use, field);
    try {
      return found && readLegacyDate(found.value, isNumeric(found.column.type));
    } catch {
      onUnreadable(found?.column.name ?? field);
      return null;
    }
  };
  const profile = ['email', 'display_name', 'position', 'role', 'phone_number', 'time_zone'];
  return {
    id: text('profile', 'id') ?? '',
    createdAt: date('profile', 'created_at'),
    profile: Object.fromEntries(profile.map((field) => [field, text('profile', field)])),
    metadata: user.metadata,
    secrets: columns.flatMap((column, index) => {
      const value = column.use === 'sealed_metadata' ? user.values[index] : null;
      return value === null || value === undefined ? [] : [{ column: column.name, value }];
    }),
    integrations: SLOTS.filter((slot) => SLOT_KEYS[slot].some((field) => of(slot, field) !== null)).map((slot) =>
      planIntegration(
        slot,
        (field) => text(slot, field),
        (field) => date(slot, field),
      ),
    ),
  };
}

function planIntegration(
  slot: Slot,
  text: (field: string) => string | null,
  date: (field: string) => LegacyDate | null,
): PlannedIntegration {
  const nothing = { slot, isActive: true, externalUserId: null, grant: null, authCode: null, credentials: null };
  if (slot === 'signal') return { ...nothing, externalUserId: text('signal_source_uuid') };
  if (slot === 'telegram') {
    const [externalUserId, signUp] = [text('telegram_id'), text('telegram_signup_token')];
    const credentials = signUp === null ? null : JSON.stringify({ telegram_signup_token: signUp });
    return { ...nothing, externalUserId, isActive: externalUserId !== null, credentials };
  }
  return { ...nothing, grant: planGrant(text, date), authCode: text('auth_code') };
}

function planGrant(
  text: (field: string) => string | null,
  date: (field: string) => LegacyDate | null,
): PlannedGrant | null {
  const [accessToken, refreshToken, clientSecret] = [
    text('access_token'),
    text('refresh_token'),
    text('client_secret'),
  ];
  if (accessToken === null && refreshToken === null && clientSecret === null) return null;
  return {
    accessToken,
    refreshToken,
    clientSecret,
    clientId: text('client_id'),
    expiresAt: date('token_expiration_date'),
    isExpired: /^(t|true|y|yes|on|1)$/i.test(text('refresh_expired')?.trim() ?? ''),
    scopes: scopesOf(text('granted_scopes') ?? ''),
  };
}

/** Scopes were kept as a JSON list, or as texts with blanks or commas between. */
function scopesOf(text: string): string {
  const words = listOf(text).flatMap((scope) => scope.split(/[\s,]+/));
  return words.filter((scope) => scope !== '').join(' ');
}

function listOf(text: string): string[] {
  if (!text.startsWith('[')) return [text];
  try {
    const listed: unknown = JSON.parse(text);
    return Array.isArray(listed) ? listed.filter((scope) => typeof scope === 'string') : [];
  } catch {
    return [text];
  }
}
