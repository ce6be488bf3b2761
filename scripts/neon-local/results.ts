/** Backend messages in, the JSON text of Neon's answer out, without building objects in between. */
import { refusal, RequestError } from './errors.ts';
import { jsonConversion } from './json-values.ts';
import type { Answer } from './types.ts';

/** A column as `pg` and PGlite describe it. */
export interface Field {
  name: string;
  tableID: number;
  columnID: number;
  dataTypeID: number;
  dataTypeSize: number;
  dataTypeModifier: number;
}

/** Takes the messages that one statement answers with. */
export interface Sink {
  fields(fields: Field[]): void;
  row(values: (string | null)[]): void;
  complete(tag: string): void;
}

/** For statements of our own whose answer nobody reads: BEGIN and COMMIT. */
export const ignore: Sink = { fields() {}, row() {}, complete() {} };

/** Neon's limit for one answer, in bytes; counted here in characters. */
export const maxResponse = 10 * 1024 * 1024;

/** What is left of the limit, shared by the statements of one request. */
export interface Budget {
  left: number;
}

type WriteRow = (values: (string | null)[]) => string;

/** Writes one statement's result. */
export class ResultWriter implements Sink {
  #arrayMode: boolean;
  #rawText: boolean;
  #budget: Budget;
  #fields = '[]';
  #rows = '';
  #end = '';
  #writeRow: WriteRow = () => '[]';

  constructor(options: { arrayMode: boolean; rawText: boolean; budget: Budget }) {
    this.#arrayMode = options.arrayMode;
    this.#rawText = options.rawText;
    this.#budget = options.budget;
  }

  fields(fields: Field[]): void {
    this.#fields = JSON.stringify(fields.map(fieldJson));
    this.#writeRow = rowWriter(fields, this.#arrayMode, this.#rawText);
  }

  row(values: (string | null)[]): void {
    if (this.#budget.left < 0) return;
    const json = this.#writeRow(values);
    this.#budget.left -= json.length;
    this.#rows = this.#rows === '' ? json : `${this.#rows},${json}`;
  }

  complete(tag: string): void {
    const { command, rowCount } = parseCommandTag(tag);
    this.#end = `"command":${JSON.stringify(command)},"rowCount":${rowCount}`;
  }

  json(): string {
    return `{"rowAsArray":${this.#arrayMode},"fields":${this.#fields},"rows":[${this.#rows}],${this.#end}}`;
  }
}

/** The body of an answer: one result, or the results of a batch. */
export function resultsBody(writers: ResultWriter[], batch: boolean): string {
  const results = writers.map((writer) => writer.json()).join();
  return batch ? `{"results":[${results}]}` : results;
}

export function tooLarge(): Answer {
  const message = `response is too large (max is ${maxResponse} bytes)`;
  return refusal(new RequestError(507, '54000', message));
}

/** Command and count of a tag such as `INSERT 0 3`; the count is null where the tag has none. */
export function parseCommandTag(tag: string): { command: string; rowCount: number | null } {
  const [command = '', ...rest] = tag.split(' ');
  const count = command === 'INSERT' ? rest[1] : rest.join(' ');
  return { command, rowCount: count !== undefined && /^\d+$/.test(count) ? Number(count) : null };
}

// The order of the keys is that of Neon's proxy.
function fieldJson(field: Field): Record<string, string | number> {
  const { name, columnID, dataTypeSize, dataTypeModifier } = field;
  // Oids have no sign; PGlite's parser reads one into them.
  const [dataTypeID, tableID] = [field.dataTypeID >>> 0, field.tableID >>> 0];
  return { name, dataTypeID, tableID, columnID, dataTypeSize, dataTypeModifier, format: 'text' };
}

function rowWriter(fields: Field[], arrayMode: boolean, rawText: boolean): WriteRow {
  if (arrayMode && rawText) return (values) => JSON.stringify(values);
  const keys = fields.map(({ name }) => (arrayMode ? '' : `${JSON.stringify(name)}:`));
  const convert = fields.map(({ dataTypeID }) =>
    rawText ? (text: string) => JSON.stringify(text) : jsonConversion(dataTypeID),
  );
  const [open, close] = arrayMode ? ['[', ']'] : ['{', '}'];
  return (values) => {
    const cells = values.map((value, i) => {
      return (keys[i] ?? '') + (value === null ? 'null' : (convert[i]?.(value) ?? 'null'));
    });
    return open + cells.join(',') + close;
  };
}
