import { connectableConnectors, findConnector } from '../../connectors/index.ts';
import type { Connector, ConnectorClient } from '../../connectors/types.ts';
import type { Context } from '../../context.ts';
import { AppError } from '../../errors.ts';

/** The connectors that are set up here and whose grants the vault keeps. */
export function listConnectors({ settings }: Context) {
  const items = connectableConnectors
    .filter(({ name }) => settings.connectors.has(name))
    .map(({ name, title, grant }) => ({
      name,
      title,
      scopes: [...(grant?.scopes ?? [])],
      parameters: Object.keys(grant?.parameters ?? {}),
    }));
  return { items };
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
