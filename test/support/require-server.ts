/** Locks, time limits and the grants of a superuser hide on one connection: these tests refuse to run on PGlite. */
export function requireServer(): string {
  const url = process.env.TEST_POSTGRES_URL;
  if (!url)
    throw new Error(
      'This test needs a PostgreSQL server: npm run test:server, or set TEST_POSTGRES_URL to a superuser URL.',
    );
  return url;
}
