/** The people of the model: what each of them holds, and what they may rightly read. */
import type { Authenticator } from '../../support/authenticator.ts';
import { createAuthenticator } from '../../support/authenticator.ts';
import { type Account, newAccount } from '../../support/oidc-provider.ts';
import { newId } from '../../../src/lib/ids.ts';
import { randomSecret } from '../../../src/lib/secrets.ts';
import { developmentMailbox } from '../../../src/mail/development.ts';
import { call, newAddress, owner, PUBLIC_URL, send, workerEnv } from '../../support/worker.ts';
import { signInAt } from '../../support/oidc-provider.ts';

export const names = ['alice', 'bob', 'mallory'] as const;
export type Name = (typeof names)[number];

/** A session or an API token that somebody has. */
export interface Credential {
  readonly secret: string;
  readonly kind: 'session' | 'token';
}

export interface Player {
  readonly name: Name;
  readonly mailboxes: readonly string[];
  /** At the provider. Its address is a mailbox of theirs that the model uses for nothing else. */
  readonly account: Account;
  readonly authenticator: Authenticator;
  /** By which their program is known to be the same caller. */
  readonly caller: string;
  /** What their browsers and programs were given when they asked for a mail. */
  readonly requestSecrets: string[];
  readonly credentials: Credential[];
  hasPasskey: boolean;
  hasLinked: boolean;
}

/** What the model knows: who may read which account. */
export interface Model {
  readonly players: Readonly<Record<Name, Player>>;
  /** By user id. */
  readonly mayRead: Map<string, Set<Name>>;
  /** The account whose session was stolen, until its owner has reported it and signed in. */
  hijacked: string | null;
  /** When it was stolen, by the database's clock: the Worker's is set forward. */
  stolenAt: string | null;
  /** What this run got to, so that a test can say what was tried. */
  readonly reached: Set<string>;
  /** By user id, whose accounts these are: they were the first to prove the address. */
  readonly owners: Map<string, Name>;
}

export async function newModel(): Promise<Model> {
  const [alice, bob, mallory] = await Promise.all(names.map((name) => newPlayer(name)));
  if (!alice || !bob || !mallory) throw new Error('There are three people.');
  return {
    players: { alice, bob, mallory },
    mayRead: new Map(),
    owners: new Map(),
    hijacked: null,
    stolenAt: null,
    reached: new Set(),
  };
}

async function newPlayer(name: Name): Promise<Player> {
  const mailboxes = [1, 2].map((i) => `${name}${i}-${newId()}@example.com`);
  const account = newAccount({ email: `${name}-${newId()}@provider.example` });
  const authenticator = await createAuthenticator();
  return {
    name,
    mailboxes,
    account,
    authenticator,
    caller: randomSecret(),
    requestSecrets: [],
    credentials: [],
    hasPasskey: false,
    hasLinked: false,
  };
}

/** Whose mailbox an address is. */
export function controllerOf({ players }: Model, address: string): Name | null {
  const found = names.find((name) => {
    const { mailboxes, account } = players[name];
    return [...mailboxes, account.email ?? ''].some((own) => own.toLowerCase() === address.toLowerCase());
  });
  return found ?? null;
}

/** The mails in all mailboxes of a person, the newest first: each token with what it is for. */
export async function tokensOf({ mailboxes, account }: Player): Promise<{ token: string; text: string }[]> {
  const mailbox = workerEnv.DEVELOPMENT_MAILBOX;
  if (!mailbox) throw new Error('No development mailbox is bound.');
  const lists = [];
  for (const address of [...mailboxes, account.email ?? '']) {
    lists.push(...(await developmentMailbox(mailbox).list(address)));
  }
  return lists
    .toSorted((a, b) => b.id - a.id)
    .flatMap(({ text }) => [...text.matchAll(/#token=([\w-]+)/g)].map((found) => ({ token: found[1] ?? '', text })));
}

/** Whom a credential reads; null when it reads nobody. */
export async function readBy({ secret, kind }: Credential): Promise<string | null> {
  const path = kind === 'session' ? 'auth.getSession' : 'account.getProfile';
  const { status, data } = await call<{ userId?: string; id?: string }>(path, undefined, { token: secret });
  return status === 200 ? (data.userId ?? data.id ?? null) : null;
}

/** The proven address of an account. */
export async function provenAddress(userId: string): Promise<string | null> {
  const [row] = await owner.query<{ email: string }>(
    'select email from users where id = $1 and email_verified_at is not null',
    [userId],
  );
  return row?.email ?? null;
}

export async function databaseTime(): Promise<string> {
  const [row] = await owner.query<{ now: string }>('select clock_timestamp()::text as now');
  if (!row) throw new Error('The database says no time.');
  return row.now;
}

/** Whether one of these mails is of the account whose session was stolen, and was reported, or spent by a report, since. */
export async function wasReported(
  { hijacked, stolenAt }: Model,
  mails: readonly { readonly token: string }[],
): Promise<boolean> {
  const [row] = await owner.query(
    `select from security_alerts
      where user_id = $1 and used_at >= $2 and token_hash in (select encode(sha256(t::bytea), 'hex') from unnest($3::text[]) t)`,
    [hijacked, stolenAt, mails.map(({ token }) => token)],
  );
  return row !== undefined;
}

/** Goes to the provider and back in a browser of its own; what session it then has. */
export async function throughProvider(
  path: 'auth.startSocialSignIn' | 'auth.startSocialLink',
  account: Account,
  session?: string,
): Promise<string | null> {
  const headers: Record<string, string> = { origin: PUBLIC_URL, 'cf-connecting-ip': newAddress() };
  if (session !== undefined) headers.cookie = `gatehouse_session=${session}`;
  const begun = await call<{ authorizationUrl: string }>(path, { provider: 'demo' }, { headers });
  if (begun.status !== 200) return null;
  const proof = /gatehouse_sign_in=[^;]+/.exec(begun.response.headers.get('set-cookie') ?? '')?.[0] ?? '';
  const back = await signInAt(begun.data.authorizationUrl, account);
  const cookie = [proof, headers.cookie].filter(Boolean).join('; ');
  const response = await send(
    new Request(back, { redirect: 'manual', headers: { cookie, 'cf-connecting-ip': newAddress() } }),
  );
  const set = response.headers.getSetCookie().find((line) => line.startsWith('gatehouse_session=')) ?? '';
  const isDone =
    response.headers.get('location') === '/account' || response.headers.get('location')?.endsWith('/account');
  if (path === 'auth.startSocialLink') return isDone ? 'linked' : null;
  return /^gatehouse_session=(gts_[^;]+)/.exec(set)?.[1] ?? null;
}
