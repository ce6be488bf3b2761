import { expect } from 'vitest';
import { type Statement, USER } from './statement.ts';

/** The keys of get_valid_token; the tokens came sealed out of the move. */
const TOKEN = {
  token: expect.any(String),
  refresh_token: expect.any(String),
  is_expired: false,
  expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
  refresh_expired: false,
};
const NO_TOKEN = { token: null, is_expired: true };
const ID = expect.stringMatching(/^[0-9a-f-]{36}$/);

const one = (sql: string, match: object, more: Partial<Statement> = {}): Statement => ({
  title: sql.replace(/\s+/g, ' '),
  sql,
  match: [match],
  ...more,
});

/** Requirement 1's calls of its functions, as the document writes them. */
export const functions: readonly Statement[] = [
  one('SELECT * FROM dev.get_user_integrations($1)', { service_name: 'Google Calendar' }, userIntegrations([USER])),
  one(`SELECT * FROM dev.get_user_integrations('user_123');`, {}, userIntegrations()),
  one('SELECT dev.user_has_service($1, $2)', { user_has_service: true }, { params: [USER, 'gmail'] }),
  one(`SELECT dev.user_has_service('user_123', 'gmail'); -- Returns true/false`, { user_has_service: true }),
  one(`SELECT dev.get_telegram_id('user_123');`, { get_telegram_id: 'telegram_123' }),
  one(`SELECT dev.get_telegram_id('user_123'); -- Returns telegram_id or NULL`, { get_telegram_id: 'telegram_123' }),
  one(`SELECT dev.get_user_with_integrations('user_123');`, {
    get_user_with_integrations: {
      id: USER,
      email: 'john@example.com',
      display_name: 'John Doe',
      position: 'Engineer',
      role: 'admin',
      phone_number: '+1234567890',
      time_zone: 'America/New_York',
      integrations: [
        { service_id: 'google_calendar' },
        {
          id: ID,
          service_id: 'gmail',
          service_name: 'Gmail',
          service_type: 'email',
          provider: 'google',
          is_active: true,
          access_token: expect.any(String),
          refresh_token: expect.any(String),
          token_expiration_date: expect.stringMatching(/^\d{4}-/),
          refresh_expired: false,
          client_id: '123456.apps.googleusercontent.com',
        },
        { service_id: 'signal' },
        { id: ID, service_id: 'telegram', is_active: true, external_user_id: 'telegram_123' },
      ],
    },
  }),
  one(`SELECT dev.get_valid_token('user_123', 'gmail');`, { get_valid_token: TOKEN }),
  one(`SELECT dev.get_valid_token('user_123', 'google_calendar');`, { get_valid_token: TOKEN }),
  one(`SELECT dev.get_valid_token('user_123', 'whatsapp');`, { get_valid_token: null }),
  one(`SELECT dev.get_gmail_token('user_123');`, { get_gmail_token: TOKEN }),
  one(`SELECT dev.get_calendar_token('user_123');`, { get_calendar_token: TOKEN }),
  one(`SELECT dev.get_telegram_token('user_123');`, { get_telegram_token: NO_TOKEN }),
  one(`SELECT dev.get_signal_token('user_123');`, { get_signal_token: NO_TOKEN }),
  one(`SELECT dev.has_valid_token('user_123', 'gmail'); -- Returns true/false`, { has_valid_token: true }),
  one(`SELECT dev.has_valid_token('user_123', 'google_calendar'); -- Returns true/false`, { has_valid_token: true }),
  // The workflow engine has put its value into the text.
  one(`SELECT dev.get_calendar_token('user_123') as token_info;`, { token_info: TOKEN }),
  one(
    `SELECT dev.link_service_to_user('user_123', 'gmail', 'user@example.com', NULL, 'Primary Gmail', 'ya29.token', '1//refresh');`,
    { link_service_to_user: ID },
    leaves(`external_user_id = 'user@example.com'`, { display_label: 'Primary Gmail', access_token: 'ya29.token' }),
  ),
  one(
    `SELECT dev.link_gmail_to_user('user_123', 'ya29.token', '1//refresh');`,
    { link_gmail_to_user: ID },
    leaves(`service_id = 'gmail'`, { access_token: 'ya29.token', refresh_token: '1//refresh' }),
  ),
  one(
    `SELECT dev.link_telegram_to_user('user_123', 'telegram_456', '@username', 'My Telegram');`,
    { link_telegram_to_user: ID },
    leaves(`external_user_id = 'telegram_456'`, { external_username: '@username', display_label: 'My Telegram' }),
  ),
  one(
    `SELECT dev.link_whatsapp_to_user('user_123', 'whatsapp_789', '@whatsapp_user', 'WhatsApp Business');`,
    { link_whatsapp_to_user: ID },
    leaves(`service_id = 'whatsapp'`, { external_user_id: 'whatsapp_789', display_label: 'WhatsApp Business' }),
  ),
  one(
    `SELECT dev.link_signal_to_user('user_123', 'signal_uuid_abc', 'Signal Integration');`,
    { link_signal_to_user: ID },
    leaves(`external_user_id = 'signal_uuid_abc'`, { display_label: 'Signal Integration' }),
  ),
  one(
    `SELECT dev.unlink_gmail_from_user('user_123');`,
    { unlink_gmail_from_user: true },
    leaves(`service_id = 'gmail'`, { is_active: false, access_token: expect.any(String) }),
  ),
  one(`SELECT dev.unlink_telegram_from_user('user_123', 'telegram_456');`, { unlink_telegram_from_user: false }),
  one(`SELECT dev.unlink_telegram_from_user('user_123', 'telegram_123');`, { unlink_telegram_from_user: true }),
  one(
    `SELECT dev.bulk_link_services_to_user('user_123', '[
  {"service_id": "gmail", "access_token": "ya29.token"},
  {"service_id": "telegram", "external_user_id": "telegram_456"}
]'::jsonb);`,
    { bulk_link_services_to_user: { total: 2, succeeded: 2, failed: 0, results: [{ index: 0 }, { index: 1 }] } },
  ),
  one(`SELECT dev.get_user_integration_stats('user_123');`, {
    get_user_integration_stats: {
      user_id: USER,
      total_integrations: 4,
      active_integrations: 4,
      inactive_integrations: 0,
      valid_tokens: 2,
      services: { gmail: 1, google_calendar: 1, telegram: 1, signal: 1 },
    },
  }),
  {
    title: 'find_incomplete_integrations of Gmail',
    sql: `SELECT * FROM dev.find_incomplete_integrations('gmail');`,
    columns: [
      'user_id',
      'email',
      'integration_id',
      'service',
      'service_name',
      'issue',
      'external_user_id',
      'display_label',
      'updated_at',
    ],
  },
  one('SELECT dev.find_incomplete_integrations() LIMIT 1', {}),
  one('SELECT dev.cleanup_orphaned_integrations()', { cleanup_orphaned_integrations: { dry_run: true, deleted: 0 } }),
  one('SELECT dev.cleanup_orphaned_integrations(false)', { cleanup_orphaned_integrations: { dry_run: false } }),
];

function userIntegrations(params?: readonly unknown[]): Partial<Statement> {
  return {
    params,
    columns: ['integration_id', 'service_name', 'service_type', 'is_active', 'external_user_id'],
    match: [
      { service_name: 'Google Calendar', service_type: 'calendar', is_active: true },
      { service_name: 'Gmail', service_type: 'email' },
      { service_name: 'Signal', external_user_id: 'signal_123' },
      { service_name: 'Telegram', external_user_id: 'telegram_123' },
    ],
  };
}

function leaves(where: string, match: object): Partial<Statement> {
  return { after: [`select * from dev.user_integrations where user_id = 'user_123' and ${where}`, [match]] };
}
