/** Which column of a legacy table is what. */

/** The credentials of one service in the columns of a legacy user. */
export type Slot = 'gmail' | 'google_calendar' | 'telegram' | 'signal';
export const SLOTS: readonly Slot[] = ['gmail', 'google_calendar', 'telegram', 'signal'];

/** Where a column goes: into our users, into an integration, or as it is (or sealed) into `users.metadata`. */
export type ColumnUse = 'profile' | Slot | 'metadata' | 'sealed_metadata';

export interface LegacyColumn {
  readonly name: string;
  /** As PostgreSQL writes it, such as `character varying(255)`. */
  readonly type: string;
  readonly use: ColumnUse;
  /** The name at its new place: without the `_2` of the second set. */
  readonly field: string;
}

/** The columns of requirement 1's `users` after normalisation, with the width of ours. */
export const PROFILE: Readonly<Record<string, number | null>> = {
  id: null,
  created_at: null,
  email: 255,
  display_name: 255,
  position: 255,
  role: 100,
  phone_number: 50,
  time_zone: 100,
};

/** The width of the vault's column. */
export const CLIENT_ID_WIDTH = 255;

const GOOGLE = [
  'access_token',
  'refresh_token',
  'client_id',
  'client_secret',
  'auth_code',
  'token_expiration_date',
  'refresh_expired',
  'granted_scopes',
];
const SLOT_COLUMNS: ReadonlyMap<string, { slot: Slot; field: string }> = new Map([
  ...GOOGLE.map((field) => [field, { slot: 'gmail' as Slot, field }] as const),
  ...GOOGLE.map((field) => [`${field}_2`, { slot: 'google_calendar' as Slot, field }] as const),
  ['telegram_id', { slot: 'telegram', field: 'telegram_id' }],
  ['telegram_signup_token', { slot: 'telegram', field: 'telegram_signup_token' }],
  ['signal_source_uuid', { slot: 'signal', field: 'signal_source_uuid' }],
]);

/** What must be there for a slot to be linked: the rest (a client id, an old date) says nothing by itself. */
export const SLOT_KEYS: Readonly<Record<Slot, readonly string[]>> = {
  gmail: ['access_token', 'refresh_token', 'client_secret', 'auth_code'],
  google_calendar: ['access_token', 'refresh_token', 'client_secret', 'auth_code'],
  telegram: ['telegram_id', 'telegram_signup_token'],
  signal: ['signal_source_uuid'],
};

const SECRET_NAME = /token|secret|passw|key|code|credential/i;

/** Says what a column is by its name. */
export function columnOf(name: string, type: string): LegacyColumn {
  const known = SLOT_COLUMNS.get(name);
  if (known) return { name, type, use: known.slot, field: known.field };
  if (name in PROFILE) return { name, type, use: 'profile', field: name };
  return { name, type, use: SECRET_NAME.test(name) ? 'sealed_metadata' : 'metadata', field: name };
}

/** Whether values are text as ours are: what a foreign key may compare. */
export function isText(type: string): boolean {
  return type === 'text' || type.startsWith('character varying');
}

/** Whether values of this type are numbers. */
export function isNumeric(type: string): boolean {
  return /^(smallint|integer|bigint|numeric|real|double precision)/.test(type);
}
