/**
 * A query object for `pg` that sends a whole transaction in one write and reads it in one go.
 * `pg` itself waits for each answer before it sends the next statement.
 */
import type { Connection, Submittable } from 'pg';
import type { ErrorSource } from './errors.ts';
import { ignore } from './results.ts';
import type { Field, Sink } from './results.ts';

/** What `pg` passes to a query object's handlers, as far as it is read here. */
interface RowDescription {
  fields: Field[];
}

export class Pipeline implements Submittable {
  #bytes: Buffer;
  #sinks: Sink[];
  #current = 0;
  #done: ((error: ErrorSource | null) => void) | undefined;

  /**
   * @param bytes messages that end in exactly one Sync
   * @param sinks one per statement in them
   * @param done called once: with null when all ran, or with the first error
   */
  constructor(bytes: Buffer, sinks: Sink[], done: (error: ErrorSource | null) => void) {
    this.#bytes = bytes;
    this.#sinks = sinks;
    this.#done = done;
  }

  submit(connection: Connection): void {
    connection.stream.write(this.#bytes);
  }

  handleRowDescription(message: RowDescription): void {
    this.#sink().fields(message.fields);
  }

  handleDataRow(message: { fields: (string | null)[] }): void {
    this.#sink().row(message.fields);
  }

  handleCommandComplete(message: { text: string }): void {
    this.#sink().complete(message.text);
    this.#current += 1;
  }

  handleEmptyQuery(): void {
    this.#sink().complete('');
    this.#current += 1;
  }

  handleError(error: Error & ErrorSource): void {
    this.#finish(error);
  }

  handleReadyForQuery(): void {
    this.#finish(null);
  }

  handlePortalSuspended(): void {}

  /** COPY is refused before it gets here; a connection that waits for its data would be stuck. */
  handleCopyInResponse(connection: Connection): void {
    connection.stream.destroy();
  }

  handleCopyData(): void {}

  #sink(): Sink {
    return this.#sinks[this.#current] ?? ignore;
  }

  #finish(error: ErrorSource | null): void {
    const done = this.#done;
    this.#done = undefined;
    done?.(error);
  }
}
