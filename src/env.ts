import * as z from 'zod';
import type { DevelopmentMailbox } from './objects/development-mailbox.ts';
import type { RateLimiter } from './objects/rate-limiter.ts';
import { connectorSettings, readConnectors } from './connectors/settings.ts';
import type { ConnectorClient } from './connectors/types.ts';
import { type KeyRing, parseKeyRing, SettingError } from './lib/keys.ts';
import { createSealer, type Sealer } from './lib/sealing.ts';
import type { VaultMessage } from './domain/oauth/vault-message.ts';

/** What wrangler.toml binds beside the settings. */
export interface Bindings {
  readonly RATE_LIMITER: DurableObjectNamespace<RateLimiter>;
  readonly CALLS_BY_NETWORK: RateLimit;
  readonly CALLS_BY_CREDENTIAL: RateLimit;
  readonly REFRESH_QUEUE: Queue<VaultMessage>;
  readonly EMAIL?: SendEmail;
  readonly DEVELOPMENT_MAILBOX?: DurableObjectNamespace<DevelopmentMailbox>;
}

/** The raw environment of the Worker: bindings, and settings as texts. */
export type Env = Bindings & { readonly [setting: string]: unknown };

/** Everything the Worker may be told, checked once. `.dev.vars.example` lists the same names. */
export interface Settings {
  readonly environment: 'development' | 'production';
  readonly databaseUrl: string;
  readonly serviceDatabaseUrl: string;
  readonly neonSqlEndpoint: string | undefined;
  readonly publicUrl: string;
  readonly trustedOrigins: readonly string[];
  readonly lookupKeys: KeyRing;
  readonly tokenKeys: KeyRing;
  /** Over `tokenKeys`; it keeps derived keys. */
  readonly sealer: Sealer;
  readonly signUp: 'open' | 'closed';
  readonly productName: string;
  readonly mailFrom: string;
  readonly resendApiKey: string | undefined;
  /** WebAuthn: the domain that passkeys belong to. */
  readonly rpId: string;
  /** WebAuthn: the deployment's own origin, then the related ones (WebAuthn §5.11). */
  readonly webauthnOrigins: readonly string[];
  readonly sessionProfile: 'default' | 'strict';
  /** Whether tokens that SQL clients bring as plain text are sealed. Off while old SQL readers remain. */
  readonly sealSqlValues: boolean;
  /** The connectors that are set up, by name. */
  readonly connectors: ReadonlyMap<string, ConnectorClient>;
}

const origin = (value: string) => {
  if (!URL.canParse(value)) return null;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && !url.username && url.pathname === '/' && !url.search && !url.hash
    ? url.origin
    : null;
};
const isLoopback = (url: URL) => ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);

const postgresUrl = (login: string) =>
  z.string().refine((value) => {
    if (!URL.canParse(value)) return false;
    const url = new URL(value);
    return /^postgres(ql)?:$/.test(url.protocol) && decodeURIComponent(url.username) === login;
  }, `must be a postgresql:// URL of the login "${login}"`);

const originList = z
  .string()
  .default('')
  .transform((list) =>
    list
      .split(',')
      .map((entry) => entry.trim())
      .filter(Boolean),
  )
  .refine((list) => list.every((entry) => origin(entry) !== null), 'must be origins separated by commas')
  .transform((list) => list.map((entry) => origin(entry) ?? ''));

const settingsSchema = z.object({
  ENVIRONMENT: z.enum(['development', 'production']).default('production'),
  DATABASE_URL: postgresUrl('gatehouse_app'),
  SERVICE_DATABASE_URL: postgresUrl('gatehouse_service'),
  NEON_SQL_ENDPOINT: z.string().optional(),
  PUBLIC_URL: z
    .string()
    .refine((value) => origin(value) !== null, 'must be an origin such as https://account.example.com'),
  TRUSTED_ORIGINS: originList,
  TOKEN_KEYS: z.string().optional(),
  TOKEN_KEY_ACTIVE: z.string().optional(),
  LOOKUP_KEYS: z.string().optional(),
  LOOKUP_KEY_ACTIVE: z.string().optional(),
  SIGN_UP: z.enum(['open', 'closed']).default('open'),
  PRODUCT_NAME: z.string().min(1).max(60).default('Gatehouse'),
  MAIL_FROM: z.string().regex(/^[^\s@<>]+@[^\s@<>]+$/, 'must be one plain e-mail address'),
  RESEND_API_KEY: z.string().min(1).optional(),
  RP_ID: z.string().min(1).optional(),
  RELATED_ORIGINS: originList,
  SESSION_PROFILE: z.enum(['default', 'strict']).default('default'),
  SEAL_SQL_VALUES: z.enum(['on', 'off']).default('on'),
  ...connectorSettings,
  DEMO_ISSUER: z.string().optional(),
});

/** The names `.dev.vars.example` must list. */
export const settingNames = Object.keys(settingsSchema.shape);

const parsed = new WeakMap<object, Settings>();

/**
 * The settings of an environment, parsed on first sight of it.
 * @throws SettingError naming the setting that is missing or malformed; never its value
 */
export function readSettings(env: Env): Settings {
  const known = parsed.get(env);
  if (known) return known;
  const settings = parseSettings(env);
  parsed.set(env, settings);
  return settings;
}

function parseSettings(env: Env): Settings {
  const result = settingsSchema.safeParse(env);
  if (!result.success) {
    const [issue] = result.error.issues;
    const name = String(issue?.path[0] ?? 'ENVIRONMENT');
    throw new SettingError(name, env[name] === undefined ? 'is missing' : (issue?.message ?? 'is malformed'));
  }
  const values = result.data;
  const publicUrl = origin(values.PUBLIC_URL) ?? '';
  if (values.ENVIRONMENT === 'production' && !publicUrl.startsWith('https:')) {
    throw new SettingError('PUBLIC_URL', 'must be https in production');
  }
  const tokenKeys = parseKeyRing('TOKEN_KEYS', values.TOKEN_KEYS, values.TOKEN_KEY_ACTIVE);
  return {
    environment: values.ENVIRONMENT,
    databaseUrl: values.DATABASE_URL,
    serviceDatabaseUrl: values.SERVICE_DATABASE_URL,
    neonSqlEndpoint: checkLoopback('NEON_SQL_ENDPOINT', values.NEON_SQL_ENDPOINT, values.ENVIRONMENT),
    publicUrl,
    trustedOrigins: values.TRUSTED_ORIGINS,
    lookupKeys: parseKeyRing('LOOKUP_KEYS', values.LOOKUP_KEYS, values.LOOKUP_KEY_ACTIVE),
    tokenKeys,
    sealer: createSealer(tokenKeys),
    signUp: values.SIGN_UP,
    sealSqlValues: values.SEAL_SQL_VALUES === 'on',
    productName: values.PRODUCT_NAME,
    mailFrom: values.MAIL_FROM,
    resendApiKey: values.RESEND_API_KEY,
    rpId: checkRpId(values.RP_ID, publicUrl),
    webauthnOrigins: [publicUrl, ...values.RELATED_ORIGINS],
    sessionProfile: values.SESSION_PROFILE,
    connectors: readConnectors(values, checkLoopback('DEMO_ISSUER', values.DEMO_ISSUER, values.ENVIRONMENT)),
  };
}

/** Browsers take an RP id that is the page's host or a parent domain of it. */
function checkRpId(value: string | undefined, publicUrl: string): string {
  const { hostname } = new URL(publicUrl);
  const rpId = value ?? hostname;
  if (hostname === rpId || hostname.endsWith(`.${rpId}`)) return rpId;
  throw new SettingError('RP_ID', 'must be the host of PUBLIC_URL or a parent domain of it');
}

/** The database password, or the demo client's secret, goes to this address: so it is on this machine, in development. */
function checkLoopback(
  name: string,
  value: string | undefined,
  environment: Settings['environment'],
): string | undefined {
  if (!value) return undefined;
  if (environment !== 'development') throw new SettingError(name, 'is for ENVIRONMENT=development alone');
  if (!URL.canParse(value) || !isLoopback(new URL(value))) {
    throw new SettingError(name, 'must be a URL on this machine, such as http://127.0.0.1:5544/sql');
  }
  return value;
}
