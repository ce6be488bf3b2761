/** Key rings: the parsed form of `TOKEN_KEYS`/`TOKEN_KEY_ACTIVE` and `LOOKUP_KEYS`/`LOOKUP_KEY_ACTIVE`. */

/** A setting that is missing or malformed. The message names the setting and never repeats its value. */
export class SettingError extends Error {
  readonly setting: string;

  constructor(setting: string, problem: string) {
    super(`${setting} ${problem}`);
    this.name = 'SettingError';
    this.setting = setting;
  }
}

/** One symmetric key of 256 bits and the public name under which values remember it. */
export interface Key {
  readonly id: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** `active` makes new values; every key of `all` still opens old ones, which is how keys rotate online. */
export interface KeyRing {
  readonly active: Key;
  readonly all: ReadonlyMap<string, Key>;
}

const KEY_BYTES = 32;
const KEY_ID = /^[a-z0-9_-]{1,16}$/;

/**
 * Reads a key ring.
 * @param name the setting that holds the keys, such as `TOKEN_KEYS`; the active one is then `TOKEN_KEY_ACTIVE`
 * @param value `id:base64,id:base64`; ids are 1 to 16 of `a-z 0-9 _ -`, each key is the base64 of 32 bytes
 * @param active the id of the key that makes new values
 * @throws SettingError naming the setting and, where it has a good one, the key's id, never its bytes
 */
export function parseKeyRing(name: string, value: string | undefined, active: string | undefined): KeyRing {
  if (!value?.trim()) throw new SettingError(name, 'is missing: give "<id>:<base64 of 32 bytes>", comma-separated');
  const all = new Map<string, Key>();
  for (const [index, entry] of value.split(',').entries()) {
    const key = parseKey(name, entry.trim(), index + 1);
    if (all.has(key.id)) throw new SettingError(name, `has two keys with the id "${key.id}"`);
    all.set(key.id, key);
  }
  return { active: findActive(activeSettingOf(name), active?.trim(), all), all };
}

function parseKey(name: string, entry: string, position: number): Key {
  const colon = entry.indexOf(':');
  const id = entry.slice(0, Math.max(colon, 0));
  // A bad id is not echoed: with a forgotten colon it would be the key itself.
  if (!KEY_ID.test(id)) {
    throw new SettingError(name, `entry ${position} must begin with an id of 1 to 16 of a-z, 0-9, _ and -, then ":"`);
  }
  const bytes = fromBase64(entry.slice(colon + 1));
  if (!bytes) throw new SettingError(name, `key "${id}" is not base64`);
  if (bytes.length !== KEY_BYTES) {
    throw new SettingError(name, `key "${id}" is ${bytes.length} bytes long, it must be ${KEY_BYTES}`);
  }
  return { id, bytes };
}

function findActive(setting: string, active: string | undefined, all: ReadonlyMap<string, Key>): Key {
  if (!active) throw new SettingError(setting, 'is missing: name the key that makes new values');
  const key = all.get(active);
  if (!key)
    throw new SettingError(setting, `names a key that is not in the ring (it has ${[...all.keys()].join(', ')})`);
  return key;
}

function activeSettingOf(name: string): string {
  return `${name.replace(/S$/, '')}_ACTIVE`;
}

/**
 * The bytes of a base64 or base64url text, padded or not; null when it is not the one canonical spelling of any bytes
 * (stray bits in the last character would give one value several spellings).
 */
export function fromBase64(text: string): Uint8Array<ArrayBuffer> | null {
  const plain = text
    .replace(/={1,2}$/, '')
    .replaceAll('-', '+')
    .replaceAll('_', '/');
  if (!/^[A-Za-z0-9+/]*$/.test(plain) || plain.length % 4 === 1) return null;
  const binary = atob(plain);
  if (btoa(binary).replace(/=+$/, '') !== plain) return null;
  const bytes = new Uint8Array(binary.length);
  // A loop: a callback for each byte was a twentieth of what reading a fresh token costs.
  for (let i = 0; i < binary.length; i += 1) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
