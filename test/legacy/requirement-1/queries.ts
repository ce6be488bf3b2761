import { type Statement, USER } from './statement.ts';

/** Requirement 1's statements on tables, as the document writes them. */
export const queries: readonly Statement[] = [
  {
    title: 'what still works: the profile',
    sql: `SELECT id, email, display_name, time_zone FROM users WHERE id = 'user_123';`,
    columns: ['id', 'email', 'display_name', 'time_zone'],
    match: [{ id: USER, email: 'john@example.com', display_name: 'John Doe', time_zone: 'America/New_York' }],
  },
  {
    title: '§1 option B: the Gmail token',
    sql: `
  SELECT access_token, refresh_token, token_expires_at, granted_scopes
  FROM dev.user_integrations
  WHERE user_id = $1 
    AND service_id = 'gmail' 
    AND is_active = true
  LIMIT 1
`,
    params: [USER],
    columns: ['access_token', 'refresh_token', 'token_expires_at', 'granted_scopes'],
    rows: 1,
  },
  {
    title: '§1 option B: the Telegram id',
    sql: `
  SELECT external_user_id as telegram_id
  FROM dev.user_integrations
  WHERE user_id = $1 
    AND service_id = 'telegram' 
    AND is_active = true
  LIMIT 1
`,
    params: [USER],
    match: [{ telegram_id: 'telegram_123' }],
  },
  {
    title: '§2 option B: whether there is one',
    sql: `
  SELECT EXISTS(
    SELECT 1 FROM dev.user_integrations 
    WHERE user_id = $1 AND service_id = 'gmail' AND is_active = true
  )
`,
    params: [USER],
    match: [{ exists: true }],
  },
  {
    title: '§3: all services of a user',
    sql: `
  SELECT 
    s.id as service_id,
    s.name as service_name,
    s.type as service_type,
    ui.is_active,
    ui.external_user_id,
    ui.display_label,
    ui.created_at as connected_at
  FROM dev.user_integrations ui
  JOIN dev.services s ON ui.service_id = s.id
  WHERE ui.user_id = $1
  ORDER BY s.type, s.name
`,
    params: [USER],
    columns: [
      'service_id',
      'service_name',
      'service_type',
      'is_active',
      'external_user_id',
      'display_label',
      'connected_at',
    ],
    match: [
      { service_id: 'google_calendar', service_name: 'Google Calendar', service_type: 'calendar', is_active: true },
      { service_id: 'gmail', service_name: 'Gmail', service_type: 'email' },
      { service_id: 'signal', external_user_id: 'signal_123' },
      { service_id: 'telegram', external_user_id: 'telegram_123' },
    ],
  },
  {
    title: '§4: new tokens',
    sql: `
  UPDATE dev.user_integrations 
  SET 
    access_token = $1, 
    refresh_token = $2, 
    token_expires_at = $3,
    updated_at = now()
  WHERE user_id = $4 
    AND service_id = $5
`,
    params: ['new_token', 'new_refresh', '2125-01-01T00:00:00Z', USER, 'gmail'],
    rows: 1,
    after: [
      `select get_valid_token as t from dev.get_valid_token('user_123', 'gmail')`,
      [{ t: { token: 'new_token', refresh_token: 'new_refresh', expires_at: '2125-01-01T00:00:00+00:00' } }],
    ],
  },
  {
    title: '§5: a new Telegram account',
    sql: `
  INSERT INTO dev.user_integrations (
    user_id, 
    service_id, 
    external_user_id, 
    display_label,
    is_active
  ) VALUES ($1, $2, $3, $4, true)
  ON CONFLICT (user_id, service_id, external_user_id) 
  DO UPDATE SET 
    is_active = true,
    updated_at = now()
`,
    params: [USER, 'telegram', 'telegram_new', 'Personal Telegram'],
    rows: 1,
    after: [
      `select external_user_id, display_label from dev.user_integrations where user_id = 'user_123'
         and service_id = 'telegram' order by created_at desc limit 1`,
      [{ external_user_id: 'telegram_new', display_label: 'Personal Telegram' }],
    ],
  },
  {
    title: '§6: the soft way to disconnect',
    sql: `
  UPDATE dev.user_integrations 
  SET is_active = false, updated_at = now()
  WHERE user_id = $1 AND service_id = $2
`,
    params: [USER, 'telegram'],
    rows: 1,
    after: [`select dev.user_has_service('user_123', 'telegram') as has`, [{ has: false }]],
  },
  {
    title: '§6: the hard way to disconnect',
    sql: `
  DELETE FROM dev.user_integrations 
  WHERE user_id = $1 AND service_id = $2
`,
    params: [USER, 'telegram'],
    rows: 1,
    after: [`select count(*)::int as n from dev.user_integrations where user_id = 'user_123'`, [{ n: 3 }]],
  },
  {
    title: 'pattern: Gmail access token',
    sql: `SELECT access_token, refresh_token, token_expires_at
FROM dev.user_integrations
WHERE user_id = 'user_123' 
  AND service_id = 'gmail' 
  AND is_active = true
LIMIT 1;`,
    columns: ['access_token', 'refresh_token', 'token_expires_at'],
    rows: 1,
  },
  {
    title: 'pattern: Telegram id, option 2',
    sql: `SELECT external_user_id
FROM dev.user_integrations
WHERE user_id = 'user_123' 
  AND service_id = 'telegram' 
  AND is_active = true
LIMIT 1;`,
    match: [{ external_user_id: 'telegram_123' }],
  },
  {
    title: 'pattern: all active services of a user',
    sql: `SELECT 
  s.id,
  s.name,
  s.type,
  s.provider,
  ui.external_user_id,
  ui.display_label
FROM dev.user_integrations ui
JOIN dev.services s ON ui.service_id = s.id
WHERE ui.user_id = 'user_123' 
  AND ui.is_active = true;`,
    columns: ['id', 'name', 'type', 'provider', 'external_user_id', 'display_label'],
    rows: 4,
  },
  {
    title: 'pattern: several services at once',
    sql: `SELECT 
  service_id,
  is_active
FROM dev.user_integrations
WHERE user_id = 'user_123'
  AND service_id IN ('gmail', 'telegram', 'signal');`,
    columns: ['service_id', 'is_active'],
    rows: 3,
  },
  {
    title: 'pattern: token and expiration',
    sql: `UPDATE dev.user_integrations
SET 
  access_token = 'new_token',
  refresh_token = 'new_refresh',
  token_expires_at = now() + interval '1 hour',
  updated_at = now()
WHERE user_id = 'user_123' 
  AND service_id = 'gmail';`,
    rows: 1,
    after: [`select dev.has_valid_token('user_123', 'gmail') as valid`, [{ valid: true }]],
  },
  ...messages(),
];

/** The document's three queries of a user's messages, which name no schema. */
function messages(): Statement[] {
  const query = (title: string, select: string, on: string): Statement => ({
    title,
    sql: `${select}
FROM telegram_messages tm
JOIN user_integrations ui 
  ON ${on}
WHERE ui.user_id = 'user_123' 
  AND ui.service_id = 'telegram'
  AND ui.is_active = true;`,
    columns: ['id', 'sender_id', 'recipient_id', 'body'],
  });
  const [sent, received] = ['tm.sender_id = ui.external_user_id', 'tm.recipient_id = ui.external_user_id'];
  return [
    { ...query('pattern: messages sent by a user', 'SELECT tm.*', sent), match: [{ body: 'sent' }] },
    { ...query('pattern: messages received by a user', 'SELECT tm.*', received), match: [{ body: 'received' }] },
    {
      ...query('pattern: messages of a user', 'SELECT DISTINCT tm.*', `${sent} \n  OR ${received}`),
      rows: 2,
    },
  ];
}
