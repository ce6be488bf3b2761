/** Every connector there is. A new one: its literal, its name in `names.ts`, a line here. */
import { apple } from './apple.ts';
import { demo } from './demo.ts';
import { github } from './github.ts';
import { google } from './google.ts';
import { linkedin } from './linkedin.ts';
import { microsoft } from './microsoft.ts';
import { type ConnectorName, connectorNames, signInConnectorNames } from './names.ts';
import { shopify } from './shopify.ts';
import { slack } from './slack.ts';
import type { Connector } from './types.ts';

const byName: Readonly<Record<ConnectorName, Connector>> = {
  google,
  microsoft,
  apple,
  github,
  slack,
  linkedin,
  shopify,
  demo,
};

/** In the order in which people are shown them. */
export const connectors: readonly Connector[] = connectorNames.map((name) => byName[name]);

/** Those that one can sign in with. */
export const signInConnectors: readonly Connector[] = signInConnectorNames.map((name) => byName[name]);

/** Those that give access to what people have there. */
export const connectableConnectors: readonly Connector[] = connectors.filter(({ grant }) => grant !== null);

export const connectableNames: readonly ConnectorName[] = connectableConnectors.map(({ name }) => name);

/** The connector of that name, if there is one. */
export function findConnector(name: string): Connector | undefined {
  return connectors.find((connector) => connector.name === name);
}
