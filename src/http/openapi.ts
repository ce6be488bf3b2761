import { errors } from '../errors.ts';
import type { JsonSchema } from './rest/json-schema.ts';
import { describeOperation, type Operation } from './rest/operation.ts';
import type { ProcedureInfo } from './rest/procedures.ts';
import { routesOf } from './rest/route.ts';

/** An OpenAPI 3.1 document, as far as we write it. */
export interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly security: readonly Record<string, readonly string[]>[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What the document says that the procedures do not. */
export interface OpenApiOptions {
  readonly productName: string;
  /** Origin of the deployment. */
  readonly publicUrl: string;
}

/** The version of package.json; a contract test holds the two together. */
export const API_VERSION = '0.1.0';

const modules: Readonly<Record<string, string>> = {
  account: 'What people say about themselves.',
  admin: 'What spans users.',
  auth: 'Sign-in, sessions and their history.',
  identity: 'Platform identities, and who they belong to.',
  integrations: 'Services and what users have set up with them.',
  oauth: 'Connectors and connections.',
  onboarding: 'How people get started.',
  organizations: 'Organisations, members and invitations.',
  webhooks: 'Events to other systems.',
};

const description = `Every answer is JSON in snake_case; times are ISO 8601 in UTC. Lists are paged by \`cursor\`: send the \`next_cursor\` of the page before.

Call with the session cookie of a browser, or with \`Authorization: Bearer …\` and a session's or an API token's secret. An API token needs the scope that an operation names.

Every refusal has the same form, with a stable \`error.code\`, a message for people, and the \`request_id\` to ask us about. After 429, wait \`Retry-After\` seconds.`;

/** The procedures that have a place in REST, as an OpenAPI 3.1 document. */
export function describeApi(procedures: readonly ProcedureInfo[], { productName, publicUrl }: OpenApiOptions): OpenApi {
  const routes = routesOf(procedures);
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const operations = (paths[route.path] ??= {});
    operations[route.method.toLowerCase()] = describeOperation(route);
  }
  const names = [...new Set(routes.map(({ procedure }) => procedure.module))].toSorted();
  return {
    openapi: '3.1.1',
    info: { title: `${productName} API`, version: API_VERSION, description },
    servers: [{ url: `${publicUrl}/v1` }],
    tags: names.map((name) => ({ name, description: modules[name] ?? '' })),
    security: [{ bearer: [] }, { cookie: [] }],
    paths,
    components: {
      schemas: { Error: errorSchema },
      responses: {
        Refused: {
          description: 'Refused: `error.code` says why.',
          content: { 'application/json': { schema: refused } },
        },
        NotModified: { description: 'The same as the answer whose tag was sent, without a body.' },
        TooMany: {
          description: 'Too many attempts.',
          headers: { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } },
          content: { 'application/json': { schema: refused } },
        },
      },
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: "A session's or an API token's secret." },
        cookie: {
          type: 'apiKey',
          in: 'cookie',
          name: cookieName(publicUrl),
          description: 'Set by signing in with a browser.',
        },
      },
    },
  };
}

const refused: JsonSchema = { $ref: '#/components/schemas/Error' };

const errorSchema: JsonSchema = {
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message', 'request_id'],
      properties: {
        code: { type: 'string', description: 'Stable, `noun.state`.', enum: Object.keys(errors) },
        message: { type: 'string', description: 'For people; may change.' },
        request_id: { type: 'string', format: 'uuid' },
        retry_after: { type: 'integer', description: 'Seconds after which the call can succeed.' },
        attempts_left: { type: 'integer', description: 'Tries left, for codes.' },
        fields: {
          type: 'array',
          description: 'For `input.invalid`: which field, and why.',
          items: {
            type: 'object',
            required: ['path', 'message'],
            properties: { path: { type: 'string' }, message: { type: 'string' } },
          },
        },
      },
    },
  },
};

function cookieName(publicUrl: string): string {
  return publicUrl.startsWith('https:') ? '__Host-gatehouse_session' : 'gatehouse_session';
}
