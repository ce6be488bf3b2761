/**
 * The client messages of PostgreSQL's extended query protocol, packed into one buffer: a whole
 * transaction is then one write and one read. See "Message Formats" in PostgreSQL's manual.
 */
import type { Statement } from './types.ts';

/** Execute of the unnamed portal, all rows. */
const execute = Uint8Array.of(0x45, 0, 0, 0, 9, 0, 0, 0, 0, 0);
/** Describe of the unnamed portal. */
const describe = Uint8Array.of(0x44, 0, 0, 0, 6, 0x50, 0);
const sync = Uint8Array.of(0x53, 0, 0, 0, 4);

/** Packs messages; each method adds some and returns the same packet. */
export class Packet {
  #buffer = Buffer.allocUnsafe(1024);
  #length = 0;

  /** Parse, Bind, Describe and Execute of one statement: text in, text out, types left open. */
  statement(text: string, params: (string | null)[] = []): this {
    this.#parse(text);
    this.#bind(params);
    this.#bytes(describe);
    this.#bytes(execute);
    return this;
  }

  /** The same for a list of statements. */
  statements(list: Statement[]): this {
    for (const { text, params } of list) this.statement(text, params);
    return this;
  }

  sync(): this {
    this.#bytes(sync);
    return this;
  }

  /** A simple query: may hold several statements. */
  query(text: string): this {
    const start = this.#open(0x51);
    this.#cstring(text);
    this.#close(start);
    return this;
  }

  /** The packed bytes; the packet must not be used afterwards. */
  done(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  #parse(text: string): void {
    const start = this.#open(0x50);
    this.#cstring('');
    this.#cstring(text);
    this.#int16(0);
    this.#close(start);
  }

  #bind(params: (string | null)[]): void {
    const start = this.#open(0x42);
    this.#int16(0); // empty names of portal and statement: two zero bytes
    this.#int16(0);
    this.#int16(params.length);
    for (const param of params) {
      if (param === null) this.#int32(-1);
      else this.#text(param);
    }
    this.#int16(0);
    this.#close(start);
  }

  #open(type: number): number {
    this.#reserve(5);
    this.#buffer[this.#length] = type;
    this.#length += 5;
    return this.#length - 4;
  }

  #close(start: number): void {
    this.#buffer.writeInt32BE(this.#length - start, start);
  }

  #cstring(text: string): void {
    this.#reserve(text.length * 3 + 1);
    this.#length += this.#buffer.write(text, this.#length, 'utf8');
    this.#buffer[this.#length++] = 0;
  }

  #text(text: string): void {
    this.#reserve(text.length * 3 + 4);
    const size = this.#buffer.write(text, this.#length + 4, 'utf8');
    this.#buffer.writeInt32BE(size, this.#length);
    this.#length += size + 4;
  }

  #int16(value: number): void {
    this.#reserve(2);
    this.#length = this.#buffer.writeUInt16BE(value, this.#length);
  }

  #int32(value: number): void {
    this.#reserve(4);
    this.#length = this.#buffer.writeInt32BE(value, this.#length);
  }

  #bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(extra: number): void {
    const needed = this.#length + extra;
    if (needed <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
