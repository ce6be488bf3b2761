/** One SQL statement as the driver sends it: parameters are already PostgreSQL text. */
export interface Statement {
  text: string;
  params: (string | null)[];
  arrayMode: boolean;
}

/** Who the request says it is, and where it wants to go, from its connection string. */
export interface Login {
  user: string;
  /** null when the connection string has none */
  password: string | null;
  database: string;
}

/** One HTTP request to `/sql`, checked. */
export interface SqlRequest {
  login: Login;
  statements: Statement[];
  /** The BEGIN of a batch; undefined for a single statement, which commits by itself. */
  begin: string | undefined;
  /** true: values as PostgreSQL text; false: as JSON values, as Neon's proxy converts them */
  rawText: boolean;
}

/** An HTTP answer: `body` is JSON text. */
export interface Answer {
  status: number;
  body: string;
}

/** Where the statements run: PGlite or a PostgreSQL server. */
export interface Backend {
  run(request: SqlRequest): Promise<Answer>;
  close(): Promise<void>;
}
