/** Every connector there is: what settings and addresses call it. */
export const connectorNames = ['google', 'microsoft', 'apple', 'github', 'demo'] as const;

export type ConnectorName = (typeof connectorNames)[number];
