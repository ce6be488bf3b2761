import { PUBLIC_URL, send } from '../../support/worker.ts';

interface Sent {
  readonly method?: string;
  readonly body?: string | URLSearchParams;
  readonly headers?: Record<string, string>;
}

/** A request as a browser sends it; a redirect is the answer, not followed. */
export function browse(path: string, { headers, ...rest }: Sent = {}): Promise<Response> {
  const accept = 'text/html,*/*;q=0.8';
  return send(new Request(PUBLIC_URL + path, { redirect: 'manual', ...rest, headers: { accept, ...headers } }));
}

/** A form as a browser sends it from a page of ours. */
export function post(
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return browse(path, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers: { origin: PUBLIC_URL, ...headers },
  });
}

/** A request to a deployment: https, and nothing of development but its bindings. */
export function deployed(path: string, { headers, ...rest }: Sent = {}): Promise<Response> {
  const settings = {
    ENVIRONMENT: 'production',
    PUBLIC_URL: 'https://account.example.com',
    NEON_SQL_ENDPOINT: undefined,
  };
  const all = { accept: 'text/html', origin: settings.PUBLIC_URL, ...headers };
  return send(new Request(settings.PUBLIC_URL + path, { redirect: 'manual', ...rest, headers: all }), settings);
}
