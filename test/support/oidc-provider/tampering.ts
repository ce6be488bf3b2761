import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { JWK, Provider } from 'oidc-provider';
import { newSigningKey } from '../../../scripts/support/oidc-provider.ts';

type Context = Parameters<Parameters<Provider['use']>[0]>[0];

/** What the provider does wrong, once each, for one person: what a client must not fall for. */
export interface Tampering {
  /** The `iss` beside the code: another, or (null) none. */
  readonly iss?: string | null;
  /** Claims of the ID token: others, or (null) none. Signed anew by the provider's own key. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** How the ID token is signed instead: not, by the client's secret, or by a key that only claims to be the provider's. */
  readonly signature?: 'none' | 'HS256' | 'another_key';
  /** What the token endpoint answers instead: 503, nothing ever, a page, or an error with status 200. */
  readonly answer?: 'unavailable' | 'never' | 'page' | 'error';
}

export interface TamperingOptions {
  readonly signingKey: JWK;
  readonly clientSecret: string;
}

/**
 * Makes a provider that lies on demand: `POST /tamper` with `{ subject, …Tampering }`. Without that it is the honest
 * server that it was.
 */
export function tamperingWith(options: TamperingOptions): (provider: Provider) => void {
  const pending = new Map<string, Tampering>();
  return (provider) =>
    provider.use(async (ctx, next) => {
      if (ctx.path === '/tamper') return keep(ctx, pending);
      await next();
      const subject: unknown = ctx.oidc?.account?.accountId;
      const tampering = typeof subject === 'string' ? pending.get(subject) : undefined;
      if (!tampering || typeof subject !== 'string') return undefined;
      const { iss, ...rest } = tampering;
      if (ctx.oidc.route === 'resume' && ctx.status === 303 && iss !== undefined) {
        changeIssuer(ctx, iss);
        pending.set(subject, rest);
      }
      if (ctx.oidc.route === 'token' && ctx.status === 200) {
        pending.delete(subject);
        await changeToken(ctx, rest, options);
      }
    });
}

async function keep(ctx: Context, pending: Map<string, Tampering>): Promise<void> {
  const { subject, ...tampering } = JSON.parse(await text(ctx.req)) as Tampering & { subject: string };
  pending.set(subject, tampering);
  ctx.status = 204;
}

function changeIssuer(ctx: Context, iss: string | null): void {
  const url = new URL(ctx.response.get('location'));
  if (!url.searchParams.has('code')) return;
  if (iss === null) url.searchParams.delete('iss');
  else url.searchParams.set('iss', iss);
  ctx.set('location', url.href);
}

async function changeToken(ctx: Context, tampering: Tampering, options: TamperingOptions): Promise<void> {
  switch (tampering.answer) {
    case 'unavailable':
      ctx.status = 503;
      ctx.body = 'Out for lunch';
      return;
    case 'never':
      await once(ctx.res, 'close');
      return;
    case 'page':
      ctx.type = 'html';
      ctx.body = '<h1>Welcome to our Wi-Fi</h1>';
      return;
    case 'error':
      ctx.body = { error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' };
      return;
    case undefined: {
      const answer = ctx.body as { id_token: string };
      ctx.body = { ...answer, id_token: signAnew(answer.id_token, tampering, options) };
    }
  }
}

function signAnew(idToken: string, tampering: Tampering, { signingKey, clientSecret }: TamperingOptions): string {
  const [header, payload] = idToken.split('.').slice(0, 2).map(decode);
  const claims = Object.entries({ ...payload, ...tampering.claims }).filter(([, value]) => value !== null);
  const { signature } = tampering;
  const alg = signature === 'none' || signature === 'HS256' ? signature : 'ES256';
  const signed = `${encode({ ...header, alg })}.${encode(Object.fromEntries(claims))}`;
  if (signature === 'none') return `${signed}.`;
  if (signature === 'HS256')
    return `${signed}.${createHmac('sha256', clientSecret).update(signed).digest('base64url')}`;
  const key = createPrivateKey({
    key: { ...(signature === 'another_key' ? newSigningKey() : signingKey) },
    format: 'jwk',
  });
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}
