import { inHours, newPerson, type Person } from '../../support/owner.ts';
import { owner, PUBLIC_URL, send } from '../../support/worker.ts';

type Settings = Record<string, unknown>;

interface Sent {
  readonly method?: string;
  readonly body?: string | URLSearchParams;
  readonly headers?: Record<string, string>;
  readonly settings?: Settings;
}

/** A request as a browser sends it; a redirect is the answer, not followed. */
export function browse(path: string, { headers, settings, ...rest }: Sent = {}): Promise<Response> {
  const accept = 'text/html,*/*;q=0.8';
  const request = new Request(PUBLIC_URL + path, { redirect: 'manual', ...rest, headers: { accept, ...headers } });
  return send(request, settings);
}

/** The fields of a form; a list is a field that is there several times. */
export type Fields = Readonly<Record<string, string | readonly string[]>>;

/** A form as a browser sends it from a page of ours. */
export function post(path: string, fields: Fields, headers: Record<string, string> = {}): Promise<Response> {
  return browse(path, form(fields, headers));
}

/** What `browse` sends of a form. */
export function form(fields: Fields, headers: Record<string, string> = {}): Sent {
  const body = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) body.append(name, one);
  return { method: 'POST', body, headers: { origin: PUBLIC_URL, ...headers } };
}

/** Settings of a deployment that knows no provider. */
export const withoutProviders = { DEMO_ISSUER: undefined, DEMO_CLIENT_ID: undefined, DEMO_CLIENT_SECRET: undefined };

/** A request to a deployment: https, and nothing of development but its bindings. */
export function deployed(path: string, { headers, ...rest }: Sent = {}): Promise<Response> {
  const settings = {
    ENVIRONMENT: 'production',
    PUBLIC_URL: 'https://account.example.com',
    NEON_SQL_ENDPOINT: undefined,
    ...withoutProviders,
  };
  const all = { accept: 'text/html', origin: settings.PUBLIC_URL, ...headers };
  return send(new Request(settings.PUBLIC_URL + path, { redirect: 'manual', ...rest, headers: all }), settings);
}

/** The cookie of somebody's session. */
export const asking = (person: Pick<Person, 'token'>) => ({ cookie: `gatehouse_session=${person.token}` });

/** A page as somebody sees it. */
export async function open(person: Pick<Person, 'token'>, path = '/account', settings?: Settings): Promise<string> {
  return (await browse(path, { headers: asking(person), settings })).text();
}

/** Somebody who proved who they are an hour ago. */
export function stalePerson(): Promise<Person> {
  return newPerson(owner, { session: { authenticated_at: inHours(-1) } });
}

/** `name=value` of every cookie that an answer sets, as the next request sends them. */
export function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((line) => line.split(';')[0] ?? '')
    .join('; ');
}

/** The nonce of a page's forms. */
export function nonceOf(page: string): string {
  return /name="nonce" value="([^"]+)"/.exec(page)?.[1] ?? '';
}

/** The text of a page, without its markup and with single spaces. */
export function textOf(page: string): string {
  return page
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
}
