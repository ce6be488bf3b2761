import { randomUUID } from 'node:crypto';
import { createGatehouseClient, type GatehouseClient, gatehouseError } from '../src/client/index.ts';
import { printable, printableJson, printableLines } from '../src/lib/printable.ts';
import { main, readCommandLine, UsageError } from './support/command-line.ts';

const help = `
npm run demo [-- --url URL] [--second] [--json]

A story through the typed client, against a running "npm run dev": ask for a sign-in link, read the
mail, sign in, list the sessions, revoke the session, and see it refused on its very next call.

  --url URL  the deployment, in development (default http://localhost:8787)
  --second   sign in a second time, by the code of another mail, and revoke the first session from
             there. Takes a minute: an address gets one mail a minute
  --json     one JSON object per step
`;

/** One thing that happened: what people read, and what programs do. */
interface Step {
  readonly step: string;
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
}

type Tell = (step: Step) => void;

await main(async () => {
  const { values } = readCommandLine(help, {
    url: { type: 'string', default: 'http://localhost:8787' },
    second: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  });
  const url = originOf(values.url);
  await requireRunning(url);
  let count = 0;
  const story = values.second ? tellOfTwoSessions : tellOfOneSession;
  await story(url, ({ step, text, data }) => {
    count += 1;
    console.log(
      values.json ? printableJson({ step, ...data }) : printableLines(`${String(count).padStart(2)}. ${text}`),
    );
  });
});

async function tellOfOneSession(url: string, tell: Tell): Promise<void> {
  const { client, sessionId } = await signIn(url, newAddress(), { how: 'link', tell });
  await listSessions(client, 'The session', tell);
  await client.auth.revokeSession.mutate({ sessionId });
  tell({ step: 'revoke', text: 'The session is revoked.', data: { sessionId } });
  await expectRefused(client, tell);
}

async function tellOfTwoSessions(url: string, tell: Tell): Promise<void> {
  const email = newAddress();
  const first = await signIn(url, email, { how: 'link', tell });
  await listSessions(first.client, 'The first session', tell);
  const second = await signIn(url, email, { how: 'code', tell });
  await listSessions(second.client, 'The second session', tell);
  const { sessionId } = first;
  await second.client.auth.revokeSession.mutate({ sessionId });
  tell({ step: 'revoke', text: 'The second session revokes the first.', data: { sessionId } });
  await expectRefused(first.client, tell);
  await listSessions(second.client, 'The second session', tell);
}

function newAddress(): string {
  return `demo-${randomUUID().slice(0, 8)}@example.com`;
}

async function signIn(
  url: string,
  email: string,
  { how, tell }: { how: 'link' | 'code'; tell: Tell },
): Promise<{ client: GatehouseClient; sessionId: string }> {
  const { auth } = createGatehouseClient({ url });
  const ask = () => auth.requestMagicLink.mutate({ email, delivery: 'bearer' });
  const asked = await ask().catch(async (error: unknown) => {
    await waitForLimit(error, tell);
    return ask();
  });
  tell({
    step: 'ask',
    text: `${email} asks for a sign-in link (good until ${asked.expiresAt}).`,
    data: { email, expiresAt: asked.expiresAt },
  });
  const mail = await readMail(url, email, how);
  tell({
    step: 'mail',
    text: `A mail arrives: "${printable(mail.subject)}", and we take its ${how}.`,
    data: { subject: mail.subject },
  });
  const proof = { delivery: 'bearer', requestSecret: asked.requestSecret ?? undefined } as const;
  const signedIn = await (how === 'link'
    ? auth.verifyMagicLink.mutate({ ...proof, token: mail.secret })
    : auth.verifyMagicCode.mutate({ ...proof, code: mail.secret }));
  const { userId, sessionId, sessionToken: token } = signedIn;
  if (token === null) throw new Error('The answer has no session token.');
  tell({ step: 'sign_in', text: `Signed in by the ${how} as user ${userId}.`, data: { userId, sessionId, how } });
  return { client: createGatehouseClient({ url, token }), sessionId };
}

/** Waits as long as a refused call says it takes; throws what is no such refusal. */
async function waitForLimit(error: unknown, tell: Tell): Promise<void> {
  const refusal = gatehouseError(error);
  if (refusal?.code !== 'rate_limit.exceeded' || refusal.retryAfter === null) throw error;
  const { retryAfter } = refusal;
  tell({ step: 'wait', text: `One mail a minute: waiting ${retryAfter} seconds …`, data: { seconds: retryAfter } });
  await new Promise((done) => setTimeout(done, retryAfter * 1000));
}

async function listSessions(client: GatehouseClient, who: string, tell: Tell): Promise<void> {
  const { items } = await client.auth.listSessions.query();
  const lines = items.map(
    ({ id, createdAt, isCurrent }) => `      ${id}  since ${createdAt}${isCurrent ? '  (this one)' : ''}`,
  );
  const text = [`${who} sees ${items.length === 1 ? 'one session' : `${items.length} sessions`}:`, ...lines].join('\n');
  tell({ step: 'list', text, data: { sessions: items.map(({ id, isCurrent }) => ({ id, isCurrent })) } });
}

/** @throws Error when the ended session still gets an answer: the promise the demo is about would be broken */
async function expectRefused(client: GatehouseClient, tell: Tell): Promise<void> {
  const refusal = await client.auth.listSessions.query().then(
    () => null,
    (error: unknown) => gatehouseError(error) ?? Promise.reject(error),
  );
  if (!refusal) throw new Error('The ended session was answered. That must not happen.');
  const { code, message } = refusal;
  tell({ step: 'refused', text: `It calls again and is refused: ${message} (${code})`, data: { code, message } });
}

/** The newest mail to the address that was not there before, and its link's token or its code. It is sent after the answer. */
async function readMail(
  url: string,
  email: string,
  how: 'link' | 'code',
): Promise<{ subject: string; secret: string }> {
  const pattern = how === 'link' ? /#token=([\w-]+)/ : /^(\d{6})$/m;
  const deadline = Date.now() + 10_000;
  const wanted = how === 'link' ? 1 : 2;
  while (Date.now() < deadline) {
    const mails = await mailsTo(url, email);
    const secret = pattern.exec(mails[0]?.text ?? '')?.[1];
    if (mails[0] && secret && mails.length >= wanted) return { subject: mails[0].subject, secret };
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error(`No mail with a ${how} reached ${email} within 10 seconds.`);
}

async function mailsTo(url: string, email: string): Promise<{ subject: string; text: string }[]> {
  const response = await fetch(`${url}/dev/mailbox.json?to=${encodeURIComponent(email)}`);
  if (response.status === 404) throw new Error(`${url} has no development mailbox: the demo needs "npm run dev".`);
  if (!response.ok) throw new Error(`The mailbox at ${url} answered with status ${response.status}.`);
  const { items } = (await response.json()) as { items: { subject: string; text: string }[] };
  return items;
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw new UsageError(`--url must be an http(s) address, not "${text}".`);
  return url.origin;
}

async function requireRunning(url: string): Promise<void> {
  const health = await fetch(`${url}/health`, { signal: AbortSignal.timeout(10_000) })
    .then(
      (response) => response.json() as Promise<{ status?: string; checks?: unknown }>,
      () => null,
    )
    .catch(() => ({ status: 'foreign', checks: undefined }));
  if (!health) throw new Error(`Nothing answers at ${url}. Start it in another terminal: npm run dev`);
  if (health.status === 'foreign' || health.checks === undefined)
    throw new Error(`What answers at ${url} is not Gatehouse.`);
  if (health.status !== 'ok') throw new Error(`Gatehouse at ${url} is not well: ${JSON.stringify(health.checks)}`);
}
