/** What WebAuthn writes in CBOR: integers, bytes, texts, lists and maps. */
export type Cbor = number | string | boolean | Uint8Array | readonly Cbor[] | ReadonlyMap<number | string, Cbor>;

/** CBOR (RFC 8949) in its shortest form. Map keys keep their order. */
export function encodeCbor(value: Cbor): Uint8Array<ArrayBuffer> {
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (typeof value === 'number') return value < 0 ? head(1, -value - 1) : head(0, value);
  if (value instanceof Uint8Array) return join(head(2, value.length), value);
  if (typeof value === 'string') {
    const text = new TextEncoder().encode(value);
    return join(head(3, text.length), text);
  }
  if (value instanceof Map) return join(head(5, value.size), ...[...value].flat().map((item) => encodeCbor(item)));
  const list = [...(value as readonly Cbor[])];
  return join(head(4, list.length), ...list.map(encodeCbor));
}

/** The parts one after another. */
export function join(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function head(majorType: number, argument: number): Uint8Array<ArrayBuffer> {
  const major = majorType << 5;
  if (argument < 24) return Uint8Array.of(major | argument);
  if (argument < 2 ** 8) return Uint8Array.of(major | 24, argument);
  if (argument < 2 ** 16) return Uint8Array.of(major | 25, argument >> 8, argument & 255);
  const bytes = new Uint8Array(5);
  bytes[0] = major | 26;
  new DataView(bytes.buffer).setUint32(1, argument);
  return bytes;
}
