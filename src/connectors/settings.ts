/** `<CONNECTOR>_CLIENT_ID` and `_SECRET`: what every provider knows this deployment by. `_SCOPES`: what it is used for. */
import * as z from 'zod';
import { SettingError } from '../lib/keys.ts';
import { connectorNames } from './names.ts';
import type { ConnectorClient } from './types.ts';

/** Apple's secret is a key that signs one for each call; a wrong form should be heard of now, not at the first sign-in. */
const secretForms: Partial<Record<string, z.ZodOptional<z.ZodString>>> = {
  apple: z
    .string()
    .regex(/^[^:\s]+:[^:\s]+:[A-Za-z0-9+/_-]+=*$/, 'must be "<team id>:<key id>:<base64 of the PKCS#8 key>"')
    .optional(),
};

/** By RFC 6749 §3.3, each after the other. */
const scopeList = z.string().regex(/^[\x20\x21\x23-\x5b\x5d-\x7e]*$/, 'must be scopes with spaces between');

/** `<CONNECTOR>_CLIENT_ID` and `_SECRET` of every connector there is; `_SCOPES` of those that connect accounts. */
export const connectorSettings = Object.fromEntries(
  connectorNames.flatMap((name) => [
    [clientIdOf(name), z.string().min(1).optional()],
    [clientSecretOf(name), secretForms[name] ?? z.string().min(1).optional()],
    ...(name === 'apple' ? [] : [[scopesOf(name), scopeList.optional()] as const]),
  ]),
) as Record<string, z.ZodOptional<z.ZodString>>;

/**
 * The connectors that are set up: those with both of their settings.
 * @throws SettingError naming the one that is missing
 */
export function readConnectors(
  values: Readonly<Record<string, unknown>>,
  demoIssuer: string | undefined,
): ReadonlyMap<string, ConnectorClient> {
  const clients = new Map<string, ConnectorClient>();
  for (const name of connectorNames) {
    const clientId = values[clientIdOf(name)];
    const clientSecret = values[clientSecretOf(name)];
    const issuer = name === 'demo' ? demoIssuer : undefined;
    if (clientId === undefined && clientSecret === undefined) continue;
    if (typeof clientId !== 'string') throw new SettingError(clientIdOf(name), 'is missing beside its secret');
    if (typeof clientSecret !== 'string') throw new SettingError(clientSecretOf(name), 'is missing beside its id');
    if (name === 'demo' && issuer === undefined) throw new SettingError('DEMO_ISSUER', 'is missing beside its client');
    const scopes = String(values[scopesOf(name)] ?? '')
      .split(' ')
      .filter(Boolean);
    clients.set(name, { clientId, clientSecret, issuer, scopes });
  }
  return clients;
}

function clientIdOf(name: string): string {
  return `${name.toUpperCase()}_CLIENT_ID`;
}

function clientSecretOf(name: string): string {
  return `${name.toUpperCase()}_CLIENT_SECRET`;
}

function scopesOf(name: string): string {
  return `${name.toUpperCase()}_SCOPES`;
}
