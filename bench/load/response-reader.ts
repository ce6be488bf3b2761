/** Splits what a keep-alive connection receives into responses. Knows what workerd sends: a length, or chunks. */
export class ResponseReader {
  #buffer: Buffer = Buffer.alloc(0);
  #onResponse: (status: number) => void;

  constructor(onResponse: (status: number) => void) {
    this.#onResponse = onResponse;
  }

  /** Takes the next bytes; calls back once for each response that they complete. */
  push(chunk: Buffer): void {
    this.#buffer = this.#buffer.length === 0 ? chunk : Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const headEnd = this.#buffer.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const head = this.#buffer.toString('latin1', 0, headEnd);
      const end = this.#bodyEnd(head, headEnd + 4);
      if (end < 0 || end > this.#buffer.length) return;
      this.#buffer = this.#buffer.subarray(end);
      this.#onResponse(Number(head.slice(9, 12)));
    }
  }

  /** Where the body that begins at `start` ends; -1 while that is not known. */
  #bodyEnd(head: string, start: number): number {
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length !== undefined) return start + Number(length);
    if (!/\r\ntransfer-encoding: *chunked/i.test(head)) return start;
    let at = start;
    for (;;) {
      const lineEnd = this.#buffer.indexOf('\r\n', at);
      if (lineEnd < 0) return -1;
      const size = Number.parseInt(this.#buffer.toString('latin1', at, lineEnd), 16);
      at = lineEnd + 2 + size + 2;
      if (size === 0) return at;
      if (at > this.#buffer.length) return -1;
    }
  }
}
