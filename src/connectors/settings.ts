/** `<CONNECTOR>_CLIENT_ID` and `_SECRET`: what every provider knows this deployment by. */
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

/** `<CONNECTOR>_CLIENT_ID` and `_SECRET` of every connector there is. */
export const connectorSettings = Object.fromEntries(
  connectorNames.flatMap((name) => [
    [clientIdOf(name), z.string().min(1).optional()],
    [clientSecretOf(name), secretForms[name] ?? z.string().min(1).optional()],
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
    clients.set(name, { clientId, clientSecret, issuer });
  }
  return clients;
}

function clientIdOf(name: string): string {
  return `${name.toUpperCase()}_CLIENT_ID`;
}

function clientSecretOf(name: string): string {
  return `${name.toUpperCase()}_CLIENT_SECRET`;
}
