import { Hono } from 'hono';
import type { Settings } from '../env.ts';
import { appRouter } from '../routers/index.ts';
import type { AppEnv } from './open-context.ts';
import { describeApi, type OpenApi } from './openapi.ts';
import { listProcedures } from './rest/procedures.ts';
import { referencePage } from './rest/reference-page.ts';
import { referenceStyle } from './rest/reference-style.ts';

/** `/openapi.json` and `/docs`: the REST interface for programs and for people. */
export const reference = new Hono<AppEnv>();

reference.get('/openapi.json', (c) => {
  c.header('cache-control', 'public, max-age=300');
  return c.json(apiFor(c.get('ctx').settings));
});

reference.get('/docs', async (c) => {
  policy ??= await policyOf(referenceStyle);
  c.header('cache-control', 'public, max-age=300');
  c.header('content-security-policy', policy);
  return c.html(referencePage(apiFor(c.get('ctx').settings)));
});

let policy: string | undefined;
const known = new WeakMap<Settings, OpenApi>();

/** Made when first asked for, since most isolates never are; kept as long as the settings it was made for. */
function apiFor(settings: Settings): OpenApi {
  const api = known.get(settings) ?? describeApi(listProcedures(appRouter), settings);
  known.set(settings, api);
  return api;
}

/** Allows the one style sheet by its hash, and nothing else: no script, no frame, no form. */
async function policyOf(style: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(style));
  const hash = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return `default-src 'none'; style-src 'sha256-${hash}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`;
}
