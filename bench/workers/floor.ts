import { neon, neonConfig } from '@neondatabase/serverless';
import { Hono } from 'hono';

/** What any Worker with Hono and Neon pays: nothing, one query, one list of three trivial statements. */
const app = new Hono<{ Bindings: { DATABASE_URL: string; NEON_SQL_ENDPOINT: string } }>();

app.get('/nothing', (c) => c.json({ ok: true }));

app.get('/query', async (c) => {
  neonConfig.fetchEndpoint = c.env.NEON_SQL_ENDPOINT;
  const sql = neon(c.env.DATABASE_URL);
  return c.json(await sql`select 1 as one`);
});

app.get('/batch', async (c) => {
  neonConfig.fetchEndpoint = c.env.NEON_SQL_ENDPOINT;
  const sql = neon(c.env.DATABASE_URL);
  return c.json(await sql.transaction([sql`select 1 as one`, sql`select 2 as two`, sql`select 3 as three`]));
});

export default app;
