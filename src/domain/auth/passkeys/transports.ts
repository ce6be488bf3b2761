/** The ways to reach an authenticator (WebAuthn §5.8.4). */
const TRANSPORTS = ['ble', 'hybrid', 'internal', 'nfc', 'smart-card', 'usb'] as const;
type Transport = (typeof TRANSPORTS)[number];

/** The known ones among the names, each once. They come from the browser unsigned, and go back to it as a hint. */
export function knownTransports(names: readonly string[]): Transport[] {
  return TRANSPORTS.filter((transport) => names.includes(transport));
}
