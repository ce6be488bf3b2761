/** The source documents' tables as their SQL says, in the spelling of the catalogue. Requirement 3 §1, §2 and 4. */
export const requiredTables: Record<string, Record<string, string>> = {
  user_sessions: {
    id: 'uuid not null default gen_random_uuid()',
    user_id: 'uuid not null',
    session_token_hash: 'character varying(255) not null',
    device_type: 'character varying(50)',
    device_name: 'character varying(255)',
    browser: 'character varying(100)',
    os: 'character varying(100)',
    ip_address: 'inet',
    location_city: 'character varying(100)',
    location_country: 'character varying(100)',
    is_current: 'boolean default false',
    created_at: 'timestamp with time zone default now()',
    last_active_at: 'timestamp with time zone default now()',
    expires_at: 'timestamp with time zone not null',
    revoked_at: 'timestamp with time zone',
  },
  login_history: {
    id: 'uuid not null default gen_random_uuid()',
    user_id: 'uuid not null',
    event_type: 'character varying(50) not null',
    auth_method: 'character varying(50)',
    ip_address: 'inet',
    device_info: 'jsonb',
    location: 'jsonb',
    success: 'boolean not null',
    failure_reason: 'character varying(255)',
    created_at: 'timestamp with time zone default now()',
  },
  api_tokens: {
    id: 'uuid not null default gen_random_uuid()',
    organization_id: 'uuid not null',
    user_id: 'uuid',
    name: 'character varying(255) not null',
    token_hash: 'character varying(255) not null',
    token_prefix: 'character varying(10) not null',
    scopes: "jsonb default '[]'::jsonb",
    last_used_at: 'timestamp with time zone',
    expires_at: 'timestamp with time zone',
    revoked_at: 'timestamp with time zone',
    created_at: 'timestamp with time zone default now()',
  },
  magic_links: {
    id: 'uuid not null default gen_random_uuid()',
    user_id: 'uuid',
    email: 'character varying(255) not null',
    token_hash: 'character varying(255) not null',
    redirect_url: 'text',
    expires_at: 'timestamp with time zone not null',
    used_at: 'timestamp with time zone',
    ip_address: 'inet',
    created_at: 'timestamp with time zone default now()',
  },
  passkeys: {
    id: 'uuid not null default gen_random_uuid()',
    user_id: 'uuid not null',
    credential_id: 'bytea not null',
    public_key: 'bytea not null',
    counter: 'integer not null default 0',
    device_name: 'character varying(255)',
    transports: 'jsonb',
    aaguid: 'bytea',
    created_at: 'timestamp with time zone default now()',
    last_used_at: 'timestamp with time zone',
  },
  oauth_accounts: {
    id: 'uuid not null default gen_random_uuid()',
    user_id: 'uuid not null',
    provider: 'character varying(50) not null',
    provider_user_id: 'character varying(255) not null',
    provider_email: 'character varying(255)',
    provider_name: 'character varying(255)',
    provider_avatar_url: 'text',
    access_token_encrypted: 'text',
    refresh_token_encrypted: 'text',
    token_expires_at: 'timestamp with time zone',
    scopes: 'jsonb',
    created_at: 'timestamp with time zone default now()',
    updated_at: 'timestamp with time zone default now()',
  },
  oauth_connections: {
    id: 'bigint not null',
    user_id: 'character varying(255) not null',
    connector_id: 'character varying(50) not null',
    access_token: 'text not null',
    refresh_token: 'text',
    token_type: "character varying(50) default 'Bearer'::character varying",
    expires_at: 'timestamp without time zone',
    scopes: 'text not null',
    status: "oauth_status default 'active'::oauth_status",
    granted_at: 'timestamp without time zone default CURRENT_TIMESTAMP',
    last_refresh_at: 'timestamp without time zone',
    last_used_at: 'timestamp without time zone',
    connector_metadata: 'json',
    created_at: 'timestamp without time zone default CURRENT_TIMESTAMP',
    updated_at: 'timestamp without time zone default CURRENT_TIMESTAMP',
  },
  connected_apps: {
    id: 'uuid not null default gen_random_uuid()',
    organization_id: 'uuid not null',
    user_id: 'uuid',
    provider: 'character varying(100) not null',
    provider_account_id: 'character varying(255)',
    scopes: 'jsonb',
    access_token_encrypted: 'text',
    refresh_token_encrypted: 'text',
    token_expires_at: 'timestamp with time zone',
    last_sync_at: 'timestamp with time zone',
    connected_at: 'timestamp with time zone default now()',
    disconnected_at: 'timestamp with time zone',
  },
  // Requirement 4's `profiles` are columns of users: display name and avatar.
  users: {
    display_name: 'character varying(255)',
    avatar_url: 'text',
  },
};

export const requiredIndexes = [
  'idx_user_sessions_user_id',
  'idx_user_sessions_active',
  'idx_login_history_user',
  'idx_api_tokens_org',
  'idx_api_tokens_hash',
  'idx_magic_links_token',
  'idx_magic_links_cleanup',
  'idx_passkeys_user',
  'idx_passkeys_credential',
  'idx_oauth_accounts_user',
  'idx_user_connector',
  'idx_status',
  'idx_expires_at',
  'idx_last_used',
  'idx_connected_apps_org',
];

export const requiredFunctions = ['public.cleanup_expired_sessions()', 'public.update_updated_at()'];

interface Departure {
  /** The column as it is, or `absent`. */
  readonly ours: string;
  readonly reason: string;
}

const textId = 'User ids are text, so that a legacy id such as user_123 keeps its foreign keys.';
const always = 'A time that every row has is not null.';
const vault = 'Provider tokens have one home, the vault (oauth_connections); a sign-in identity needs none.';

const vaultApp = 'An organisation’s tokens have one home, the vault: connected_apps.connection_id leads there.';
const zoned = 'Every time has its zone.';

/** Where the database differs from a source document on purpose. */
export const departures: Record<string, Departure> = {
  'user_sessions.user_id': { ours: 'text not null', reason: textId },
  'user_sessions.is_current': {
    ours: 'absent',
    reason: '"This one" depends on who asks: computed from the caller’s credential.',
  },
  'user_sessions.created_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'user_sessions.last_active_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'login_history.user_id': { ours: 'text not null', reason: textId },
  'login_history.created_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'api_tokens.organization_id': {
    ours: 'uuid',
    reason: 'A token belongs to a user, an organisation or the deployment; a check holds which.',
  },
  'api_tokens.user_id': { ours: 'text', reason: textId },
  'api_tokens.scopes': {
    ours: "jsonb not null default '[]'::jsonb",
    reason: 'No scopes is an empty list, never unknown.',
  },
  'api_tokens.created_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'magic_links.user_id': { ours: 'text', reason: textId },
  'magic_links.created_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'passkeys.user_id': { ours: 'text not null', reason: textId },
  'passkeys.counter': {
    ours: 'bigint not null default 0',
    reason: 'An authenticator counts in 32 bits without a sign.',
  },
  'passkeys.created_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'oauth_accounts.user_id': { ours: 'text not null', reason: textId },
  'oauth_accounts.access_token_encrypted': { ours: 'absent', reason: vault },
  'oauth_accounts.refresh_token_encrypted': { ours: 'absent', reason: vault },
  'oauth_accounts.token_expires_at': { ours: 'absent', reason: vault },
  'oauth_accounts.created_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'oauth_accounts.updated_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'oauth_connections.id': {
    ours: 'uuid not null default gen_random_uuid()',
    reason: 'Keys are uuids, made by the Worker.',
  },
  'oauth_connections.user_id': {
    ours: 'text',
    reason: 'A connection belongs to a user or to an organisation; a check holds which.',
  },
  'oauth_connections.token_type': {
    ours: "character varying(50) not null default 'Bearer'::character varying",
    reason: 'Every token has a type.',
  },
  'oauth_connections.status': {
    ours: "oauth_status not null default 'active'::oauth_status",
    reason: 'Every connection has a status.',
  },
  'oauth_connections.expires_at': { ours: 'timestamp with time zone', reason: zoned },
  'oauth_connections.granted_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'oauth_connections.last_refresh_at': { ours: 'timestamp with time zone', reason: zoned },
  'oauth_connections.last_used_at': { ours: 'timestamp with time zone', reason: zoned },
  'oauth_connections.connector_metadata': {
    ours: "jsonb not null default '{}'::jsonb",
    reason: 'jsonb, so that a flag in it can be looked up; none is an empty object.',
  },
  'oauth_connections.created_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'oauth_connections.updated_at': { ours: 'timestamp with time zone not null default now()', reason: always },
  'connected_apps.user_id': { ours: 'text', reason: textId },
  'connected_apps.scopes': { ours: 'absent', reason: vaultApp },
  'connected_apps.access_token_encrypted': { ours: 'absent', reason: vaultApp },
  'connected_apps.refresh_token_encrypted': { ours: 'absent', reason: vaultApp },
  'connected_apps.token_expires_at': { ours: 'absent', reason: vaultApp },
  'connected_apps.connected_at': { ours: 'timestamp with time zone not null default now()', reason: always },
};

/** Tables of the source documents that later parts bring, by document. */
export const tablesToCome: Record<string, string> = {
  platform_identities: '0',
  linking_tokens: '0',
  services: '1',
  user_integrations: '1',
  notification_preferences: '3 §1.3',
  notification_quiet_hours: '3 §1.3',
  webhooks: '3 §1.6',
  webhook_deliveries: '3 §1.6',
  data_export_requests: '3 §1.7',
  account_deletion_requests: '3 §1.7',
  onboarding_paths: '3 §3.1',
  user_onboarding_progress: '3 §3.2',
  setup_checklist_items: '3 §3.3',
  setup_checklist_progress: '3 §3.3',
  onboarding_templates: '3 §3.4',
  // Never: rate limits are Durable Objects, which erase themselves.
  rate_limit_buckets: '3 §2.4',
};
