import { connectableConnectors, findConnector } from '../../connectors/index.ts';
import type { Connector, ConnectorClient } from '../../connectors/types.ts';
import type { Context } from '../../context.ts';
import type { Settings } from '../../env.ts';
import { AppError } from '../../errors.ts';

/** The connectors that are set up here and whose grants the vault keeps. */
export function listConnectors({ settings }: Context) {
  const items = connectableConnectors
    .filter(({ name }) => settings.connectors.has(name))
    .map(({ name, title, grant }) => ({
      name,
      title,
      scopes: neededScopes(settings, name),
      parameters: Object.keys(grant?.parameters ?? {}),
    }));
  return { items };
}

/** What a connection needs here: the connector's own scopes, and the deployment's. None where it is not set up. */
export function neededScopes({ connectors }: Settings, name: string): string[] {
  const client = connectors.get(name);
  return client ? [...new Set([...(findConnector(name)?.grant?.scopes ?? []), ...(client.scopes ?? [])])] : [];
}

/** @throws provider.unknown when there is none of that name for the vault, or it is not set up */
export function findConnectable(
  { settings }: Context,
  name: string,
): { readonly connector: Connector; readonly client: ConnectorClient } {
  const connector = findConnector(name);
  const client = settings.connectors.get(name);
  if (!connector?.grant || !client) throw new AppError('provider.unknown');
  return { connector, client };
}
