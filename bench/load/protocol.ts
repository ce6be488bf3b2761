/** What the load process is told, and what it answers. */
export interface LoadJob {
  readonly port: number;
  readonly connections: number;
  /** Whole requests, sent in turn, each connection beginning elsewhere. */
  readonly requests: readonly string[];
  readonly warmUpMs: number;
  readonly measureMs: number;
  /** The run ends early at this many requests. */
  readonly maxRequests: number;
  /** Processes whose CPU time is read at both ends of the measured time. */
  readonly processes: Readonly<Record<string, { readonly pid: number; readonly withChildren: boolean }>>;
}

export interface LoadResult {
  /** Requests answered in the measured time. */
  readonly measured: number;
  /** Those and the ones of the warm-up and of the end: what the statistics of the database saw. */
  readonly total: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** CPU milliseconds of each process over the measured time. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

/** The text of a request as HTTP/1.1 writes it. */
export function renderRequest(request: {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}): string {
  const { method, path, headers = {}, body } = request;
  const length =
    body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) };
  const lines = Object.entries({ host: 'localhost', ...headers, ...length }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `${method} ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}
