import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { jobs } from '../src/jobs/schedule.ts';
import { main, readCommandLine, UsageError } from './support/command-line.ts';
import { isDue } from './support/cron.ts';
import {
  chosenSettings,
  developmentOwnerFile,
  keptSecrets,
  workerSettings,
  writeEnvFile,
} from './support/dev-settings.ts';
import { connectorSettings, type OidcProvider, startOidcProvider } from './support/oidc-provider.ts';
import { exampleCall, liveServiceToken } from './support/service-token.ts';
import { startStack } from './support/stack.ts';
import { readableLine, relayedLine } from './support/worker-lines.ts';
import { startWranglerDev, type WranglerDev } from './support/wrangler-dev.ts';

const help = `
npm run dev [-- --port N]

Everything on this machine, in one command: an embedded PostgreSQL behind a Neon-compatible
endpoint, migrated; an OpenID provider to sign in with; generated keys; the Worker; its cron jobs on
their schedule. Data and keys stay in .gatehouse/ until you delete it. Ctrl-C ends all of it.

  --port N   where the Worker listens (default 8787)

Of your environment the Worker gets TRUSTED_ORIGINS, PRODUCT_NAME, SIGN_UP and SESSION_PROFILE, which
.dev.vars.example explains. An app of yours on another port may call with the cookie after:
  TRUSTED_ORIGINS=http://localhost:5173 npm run dev
`;

const folder = '.gatehouse';
const providerPort = 8788;

await main(async () => {
  const { values } = readCommandLine(help, { port: { type: 'string', default: '8787' } });
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65_535)
    throw new UsageError(`--port must be 1 to 65535, not "${values.port}".`);
  await requireFree(port);
  mkdirSync(folder, { recursive: true });
  const secrets = keptSecrets(`${folder}/secrets.json`);
  say('Starting the database (embedded PostgreSQL, kept in .gatehouse/data) …');
  const stack = await startStack({ data: `${folder}/data`, passwords: secrets.passwords, onProgress: say });
  const owner = { MIGRATION_DATABASE_URL: stack.ownerUrl, NEON_SQL_ENDPOINT: stack.neon.url };
  const serviceToken = await liveServiceToken(owner, `${folder}/secrets.json`);
  const publicUrl = `http://localhost:${port}`;
  const provider = await startDemoProvider(port, secrets.demoClient);
  const addresses = { ...stack.settings, ...connectorSettings(provider) };
  const settings = { ...workerSettings(secrets, addresses, publicUrl), ...chosenSettings(process.env) };
  writeEnvFile(`${folder}/dev.vars`, settings);
  say('Starting the Worker …');
  const worker = await startWorker(port).catch(async (error: unknown) => {
    await provider.close();
    await stack.close();
    throw error;
  });
  writeEnvFile(developmentOwnerFile, owner);
  printAddresses(publicUrl, { sql: stack.neon.url, provider: provider.issuer }, serviceToken);
  const endCron = everyMinute(() => void fireDue(worker));
  await untilStopped(worker.process);
  endCron();
  say('Ending …');
  rmSync(developmentOwnerFile, { force: true });
  await worker.stop();
  await provider.close();
  await stack.close();
});

function startWorker(port: number) {
  return startWranglerDev({
    port,
    envFile: `${folder}/dev.vars`,
    persistTo: `${folder}/objects`,
    onLine: (line) => {
      const text = readableLine(line);
      if (text !== null) console.log(relayedLine('worker', text));
    },
  });
}

/**
 * The `demo` connector's provider. Its address is part of each identity, so it is the same at every start, unless the
 * Worker or another program has that port: then it is on a free one, and its people come in by their verified address.
 */
function startDemoProvider(
  workerPort: number,
  client: { readonly clientId: string; readonly clientSecret: string },
): Promise<OidcProvider> {
  const redirectUris = [`http://localhost:${workerPort}/oauth/callback/demo`];
  // As the data stays, so do the grants that its connections hold.
  const options = { ...client, redirectUris, keptIn: `${folder}/provider.json` };
  if (workerPort === providerPort) return startOidcProvider(options);
  return startOidcProvider({ ...options, port: providerPort }).catch(() => startOidcProvider(options));
}

/** A line of our own: what others write stands behind another name (`relayedLine`). */
function say(line: string): void {
  console.log(`dev     ${line}`);
}

function printAddresses(publicUrl: string, other: { sql: string; provider: string }, serviceToken: string): void {
  say('');
  say(`Sign in            ${publicUrl}/sign-in`);
  say(`Your account       ${publicUrl}/account`);
  say(`Mail arrives at    ${publicUrl}/dev/mailbox`);
  say(`API reference      ${publicUrl}/docs`);
  say(`OpenAPI            ${publicUrl}/openapi.json`);
  say(`tRPC               ${publicUrl}/trpc (for the typed client)`);
  say(`Health             ${publicUrl}/health`);
  say(`Demo provider      ${other.provider}`);
  say(`SQL over HTTP      ${other.sql}`);
  say(`Service token      ${serviceToken} (every scope)`);
  say(`With it            ${exampleCall(publicUrl, serviceToken)}`);
  say('An administrator   npm run admin -- grant EMAIL (in another terminal)');
  say('A scripted story   npm run demo (in another terminal)');
  say('Ctrl-C ends all of it. The data stays.');
  say('');
}

/** Runs at the start of each minute of the clock, so that none is stepped over. Answers how to end it. */
function everyMinute(run: () => void): () => void {
  let timer: NodeJS.Timeout;
  const wait = () => {
    timer = setTimeout(
      () => {
        wait();
        run();
      },
      60_050 - (Date.now() % 60_000),
    );
  };
  wait();
  return () => clearTimeout(timer);
}

/** Fires each cron expression whose minute it is, as Cloudflare would (UTC). */
async function fireDue(worker: WranglerDev): Promise<void> {
  for (const cron of Object.keys(jobs).filter((expression) => isDue(expression, new Date()))) {
    const outcome = await worker.scheduled(cron).catch(() => 'no answer');
    say(`cron "${cron}" fired: ${outcome}`);
  }
}

function requireFree(port: number): Promise<void> {
  return new Promise((done, refuse) => {
    const probe = createServer();
    probe.once('error', () =>
      refuse(new UsageError(`Port ${port} is in use. Choose another: npm run dev -- --port ${port + 1}`)),
    );
    probe.listen(port, '127.0.0.1', () => probe.close(() => done()));
  });
}

function untilStopped(child: { once(event: 'exit', listener: () => void): unknown }): Promise<void> {
  return new Promise((done) => {
    process.once('SIGINT', () => done());
    process.once('SIGTERM', () => done());
    child.once('exit', () => done());
  });
}
