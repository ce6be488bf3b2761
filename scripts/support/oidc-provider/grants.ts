import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import type { Provider } from 'oidc-provider';
import type { Account, Rotation } from './accounts.ts';
import { rotationOf } from './configuration.ts';
import { type Ledger, newLedger, type Redemptions } from './ledger.ts';

export type { Redemptions } from './ledger.ts';

type Context = Parameters<Parameters<Provider['use']>[0]>[0];
type Client = NonNullable<Awaited<ReturnType<Provider['Client']['find']>>>;

/** A grant that nobody had to sign in for, as a client would hold it. */
export interface SeededGrant {
  readonly grantId: string;
  /** Of an account of its own. */
  readonly subject: string;
  readonly refreshToken: string;
  readonly accessToken: string;
  readonly scope: string;
  /** Seconds that the access token lives. */
  readonly expiresIn: number;
}

export interface SeedOptions extends Pick<Account, 'accessTokenSeconds' | 'rotation'> {
  /** `openid email profile offline_access` unless given. */
  readonly scope?: string;
}

/** What became of one grant. */
export interface GrantReport extends Redemptions {
  readonly grantId: string;
  readonly subject: string;
  /** Neither revoked nor ended by a refresh token that was used again. */
  readonly isAlive: boolean;
  /** The most answers with tokens that any one refresh token of it gave: 1 where each was redeemed at most once. */
  readonly mostPerToken: number;
}

/** What the provider gave and what was done with it. */
export interface Grants {
  /** Makes grants, each with an account, a refresh token and an access token of its own. */
  seed(count: number, options?: SeedOptions): Promise<SeededGrant[]>;
  /** How often `grant_type=refresh_token` came with this token, and was answered with tokens or with an error. */
  redemptionsOf(refreshToken: string): Redemptions;
  /** The grants of a person, the oldest first. */
  of(subject: string): Promise<GrantReport[]>;
  /** Whose refresh token, access token or code this is; null where the provider knows it no more. */
  subjectOf(credential: string): Promise<string | null>;
  isAlive(grantId: string): Promise<boolean>;
  /** As if the person took the leave back at the provider: every token of it is refused from now on. */
  revoke(grantId: string): Promise<void>;
  /** Over all grants; `mostPerToken` and `mostPerGrant` are answers with tokens. */
  totals(): Redemptions & { readonly grants: number; readonly mostPerGrant: number; readonly mostPerToken: number };
}

export interface WatchOptions {
  readonly clientId: string;
  /** The accounts of seeded grants are added to them. */
  readonly accounts: Map<string, Account>;
  readonly rotation: Rotation;
  readonly tokenDelayMs: number;
}

/** Counts what the token endpoint of a provider does, and answers what is needed to look at it and to change it. */
export function watchGrants(provider: Provider, options: WatchOptions): Grants {
  const ledger = newLedger();
  provider.use(async (ctx, next) => {
    await next();
    if (ctx.oidc?.route !== 'token') return;
    note(ctx, ledger);
    if (rotationOf(ctx.oidc.account?.accountId, options) === 'none') leaveOutRefreshToken(ctx);
    if (options.tokenDelayMs > 0) await sleep(options.tokenDelayMs);
  });
  const isAlive = async (grantId: string) => (await provider.Grant.find(grantId)) !== undefined;
  const reportOf = async (grantId: string, subject: string): Promise<GrantReport> => ({
    grantId,
    subject,
    isAlive: await isAlive(grantId),
    ...ledger.ofGrant(grantId),
  });
  return {
    seed: (count, seedOptions = {}) => seed(provider, { ...options, ...seedOptions, count, ledger }),
    redemptionsOf: (refreshToken) => ledger.ofToken(refreshToken),
    of: (subject) => Promise.all(ledger.grantsOf(subject).map((grantId) => reportOf(grantId, subject))),
    subjectOf: (credential) => subjectOf(provider, credential),
    isAlive,
    revoke: (grantId) => revoke(provider, grantId),
    totals: () => ledger.totals(),
  };
}

function note({ oidc, status, body }: Context, ledger: Ledger): void {
  const { grant_type: grantType, refresh_token: presented } = oidc.params ?? {};
  const { Grant: grant } = oidc.entities;
  const answer = (typeof body === 'object' ? body : {}) as { refresh_token?: string };
  if (status === 200 && grant && answer.refresh_token) {
    ledger.given(answer.refresh_token, { grantId: grant.jti, subject: grant.accountId ?? '' });
  }
  if (grantType === 'refresh_token' && typeof presented === 'string') ledger.redeemed(presented, status === 200);
}

/** RFC 6749 §6 lets an answer to a refresh leave the refresh token out: the client keeps the one it has. */
function leaveOutRefreshToken(ctx: Context): void {
  if (ctx.oidc.params?.grant_type !== 'refresh_token' || ctx.status !== 200) return;
  const { refresh_token: _, ...answer } = ctx.body as Record<string, unknown>;
  ctx.body = answer;
}

async function seed(
  provider: Provider,
  options: WatchOptions & SeedOptions & { readonly count: number; readonly ledger: Ledger },
): Promise<SeededGrant[]> {
  const client = await provider.Client.find(options.clientId);
  if (!client) throw new Error('The provider does not know its client.');
  const batch = randomBytes(6).toString('hex');
  const seeded: SeededGrant[] = [];
  for (let made = 0; made < options.count; made += 1) {
    const subject = `seeded-${batch}-${made}`;
    const { accessTokenSeconds, rotation } = options;
    const account = { subject, email: `${subject}@example.com`, isEmailVerified: true, name: `Seeded ${made}` };
    options.accounts.set(subject, { ...account, accessTokenSeconds, rotation });
    const grant = await seedOne(provider, client, { subject, ...options });
    options.ledger.given(grant.refreshToken, grant);
    seeded.push(grant);
  }
  return seeded;
}

async function seedOne(
  provider: Provider,
  client: Client,
  { subject, scope = 'openid email profile offline_access' }: { readonly subject: string; readonly scope?: string },
): Promise<SeededGrant> {
  const grant = new provider.Grant({ accountId: subject, clientId: client.clientId });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  const common = { accountId: subject, client, grantId, gty: 'authorization_code', scope };
  const access = new provider.AccessToken(common);
  const [refreshToken, accessToken] = await Promise.all([new provider.RefreshToken(common).save(), access.save()]);
  return { grantId, subject, refreshToken, accessToken, scope, expiresIn: access.expiration };
}

async function subjectOf(provider: Provider, credential: string): Promise<string | null> {
  const options = { ignoreExpiration: true };
  const found =
    (await provider.RefreshToken.find(credential, options)) ??
    (await provider.AccessToken.find(credential, options)) ??
    (await provider.AuthorizationCode.find(credential, options));
  return found?.accountId ?? null;
}

async function revoke(provider: Provider, grantId: string): Promise<void> {
  await Promise.all([
    provider.AccessToken.revokeByGrantId(grantId),
    provider.RefreshToken.revokeByGrantId(grantId),
    provider.Grant.adapter.destroy(grantId),
  ]);
}
