import { findConnector } from '../../connectors/index.ts';
import type { Connector, ConnectorClient } from '../../connectors/types.ts';
import type { Settings } from '../../env.ts';
import { openSealed, type RowKey, type SealedConnection, sealedFor } from './vault.ts';

/** A connector with the client that a grant was made for; or why there is none, which is the deployment's matter. */
export type GrantClient =
  | { readonly connector: Connector; readonly client: ConnectorClient }
  | { readonly problem: 'connector_unknown' | 'client_missing' | 'client_changed' };

/**
 * Whose client a grant is refreshed and revoked with: its own. The deployment's secret serves only the client that the
 * grant was made for: another one would be refused, and a provider may end a grant that a stranger presents.
 * @throws AppError `seal.…` for a client secret that does not open
 */
export async function clientOf(
  settings: Settings,
  connection: RowKey & Pick<SealedConnection, 'clientId' | 'clientSecret'>,
): Promise<GrantClient> {
  const connector = findConnector(connection.connector);
  if (!connector?.grant) return { problem: 'connector_unknown' };
  const deployment = settings.connectors.get(connector.name);
  const { clientId, clientSecret } = connection;
  if (clientId !== null && clientSecret !== null) {
    const context = sealedFor(connection, 'client_secret');
    const opened = await openSealed(settings, clientSecret, context);
    return { connector, client: { clientId, clientSecret: opened, issuer: deployment?.issuer } };
  }
  if (!deployment) return { problem: 'client_missing' };
  if (clientId !== null && clientId !== deployment.clientId) return { problem: 'client_changed' };
  return { connector, client: deployment };
}
