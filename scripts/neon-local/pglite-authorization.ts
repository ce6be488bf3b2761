/**
 * Who may change the session's user. On a server nobody but a superuser may: the one who logged in counts. PGlite has
 * one session, logged in as a superuser in disguise, so `set session authorization` would be open to everybody there,
 * by any of its spellings (`set_config`, a DO block, a function's SET clause).
 *
 * PostgreSQL asks one place whether a parameter may be set: its record in the server's table of parameters, which says
 * who may (`GucContext`). While somebody else than a superuser is logged in, the record of session_authorization says
 * "superusers". SQL has no way to change a record, so it is done in PGlite's memory; and the change is proven by trying,
 * each time that PGlite is opened.
 */
import type { PGlite } from '@electric-sql/pglite';
import type { PgliteConnection } from './pglite-connection.ts';

/** Values of PostgreSQL's `GucContext` (guc.h). */
const superusersOnly = 5;
const everybody = 6;

/** Names and records are static data, which stands at the beginning of the memory: 4 MB of it today. */
const staticData = 16 * 1024 * 1024;

const parameter = 'session_authorization';
/** A role that every database has, and which is no superuser. */
const somebodyElse = 'pg_monitor';

export class SessionAuthorization {
  #pglite: PGlite;
  #db: PgliteConnection;
  /** Where the record's `GucContext` is. */
  #address: number;

  private constructor(pglite: PGlite, db: PgliteConnection, address: number) {
    this.#pglite = pglite;
    this.#db = db;
    this.#address = address;
  }

  /** @throws Error where PGlite keeps its parameters otherwise than is known here */
  static async open(pglite: PGlite, db: PgliteConnection, owner: string): Promise<SessionAuthorization> {
    const authorization = new SessionAuthorization(pglite, db, addressOf(pglite));
    await authorization.#prove(owner);
    return authorization;
  }

  /** Refuses any other user to whoever is the session's user now, until `unlock`; but to a superuser. */
  lock(): void {
    this.#write(superusersOnly);
  }

  unlock(): void {
    this.#write(everybody);
  }

  #write(context: number): void {
    // The memory is looked up each time: where it grew, it is another.
    const { buffer } = this.#pglite.Module.HEAPU8;
    new DataView(buffer).setUint32(this.#address, context, true);
  }

  async #prove(owner: string): Promise<void> {
    const failed = await this.#db.set(parameter, somebodyElse);
    this.lock();
    const refused = await this.#db.set(parameter, owner);
    this.unlock();
    const returned = await this.#db.set(parameter, owner);
    if (failed === null && refused?.code === '42501' && returned === null) return;
    throw new Error('this version of PGlite does not keep a user from becoming another; neon-local needs another one');
  }
}

/** Finds the record: it begins with the address of its name, and its GucContext follows. */
function addressOf({ Module }: PGlite): number {
  const memory = Buffer.from(Module.HEAPU8.buffer, 0, staticData);
  const found = placesOf(memory, Buffer.from(`${parameter}\0`))
    .flatMap((name) => placesOf(memory, littleEndian(name)))
    .filter((record) => record % 4 === 0 && memory.readUInt32LE(record + 4) === everybody);
  const [record] = found;
  if (record === undefined || found.length > 1) {
    throw new Error(`PGlite's record of ${parameter} was found ${found.length} times`);
  }
  return record + 4;
}

function placesOf(memory: Buffer, bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = memory.indexOf(bytes); at !== -1; at = memory.indexOf(bytes, at + 1)) places.push(at);
  return places;
}

function littleEndian(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
