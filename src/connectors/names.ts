/** Every connector there is: what settings and addresses call it. */
export const connectorNames = [
  'google',
  'microsoft',
  'apple',
  'github',
  'slack',
  'linkedin',
  'shopify',
  'demo',
] as const;

export type ConnectorName = (typeof connectorNames)[number];

/** Those that one can sign in with. The others only give access to what people have there. */
export const signInConnectorNames = ['google', 'microsoft', 'apple', 'github', 'demo'] as const;

export type SignInConnectorName = (typeof signInConnectorNames)[number];
