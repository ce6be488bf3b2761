/** Every connector there is. A new one: its literal, its name in `names.ts`, a line here. */
import { apple } from './apple.ts';
import { demo } from './demo.ts';
import { github } from './github.ts';
import { google } from './google.ts';
import { microsoft } from './microsoft.ts';
import { type ConnectorName, connectorNames } from './names.ts';
import type { Connector } from './types.ts';

const byName: Readonly<Record<ConnectorName, Connector>> = { google, microsoft, apple, github, demo };

/** In the order in which people are shown them. */
export const connectors: readonly Connector[] = connectorNames.map((name) => byName[name]);

/** The connector of that name, if there is one. */
export function findConnector(name: string): Connector | undefined {
  return connectors.find((connector) => connector.name === name);
}
