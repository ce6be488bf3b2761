import { readCallback, redeemCallback, type Redemption } from '../../../connectors/flow.ts';
import type { ProviderIdentity } from '../../../connectors/types.ts';
import type { SystemContext } from '../../../context.ts';
import { firstValue, plain } from '../../../db/statement.ts';
import { AppError, type ErrorCode } from '../../../errors.ts';
import { newId } from '../../../lib/ids.ts';
import { sha256Hex } from '../../../lib/secrets.ts';
import { applyChange, newChange } from '../changes.ts';
import { parseBrowserProof } from '../magic-link.ts';
import { REDIRECT_FRESH_SECONDS } from '../step-up.ts';
import { concludeSignIn, newSession, type SignInAnswer } from '../session.ts';
import { type ConnectReturn, finishConnect } from '../../oauth/finish-connect.ts';
import { checkIsSetUp, findProvider, type Provider, redirectUriOf } from './providers.ts';

/** What a redirect to a provider was begun for. */
type Purpose = 'sign_in' | 'link' | 'connect';

/** Where the browser goes next, and why not further where it was refused. */
export interface SocialReturn {
  readonly purpose: Purpose | null;
  /** connect: what the account was to be linked to. */
  readonly service: string | null;
  readonly redirectUrl: string | null;
  readonly refusal: AppError | null;
}

interface TakenState {
  readonly outcome: 'taken' | ErrorCode;
  readonly purpose: Purpose | null;
  readonly userId: string | null;
  /** connect: for which organisation, and what was asked for. */
  readonly organizationId: string | null;
  readonly request: ConnectReturn['request'] | null;
  readonly redirectUrl: string | null;
}

/**
 * The browser came back from a provider. Spends the state first, whatever the provider says; then redeems the code and
 * signs in, or links. Two trips, and the provider's own calls between them.
 */
export async function returnFromProvider(
  ctx: SystemContext,
  name: string,
  params: URLSearchParams,
): Promise<SocialReturn> {
  await ctx.limit('social.return');
  checkIsSetUp(ctx, name);
  let taken: TakenState | null = null;
  try {
    const { state } = readCallback(params);
    const browser = parseBrowserProof(ctx.cookies.read('sign_in'));
    taken = await takeState(ctx, { state, name, browserSecret: browser?.secret });
    if (taken.outcome !== 'taken') throw new AppError(taken.outcome);
    const redirect = { params, state, browserSecret: browser?.secret ?? '', redirectUri: redirectUriOf(ctx, name) };
    await finish(ctx, { name, taken, redirect });
    return { ...wayOf(taken), redirectUrl: taken.redirectUrl, refusal: null };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const { cause } = error.details;
    // The flow's causes are short words of ours and the library's, never a provider's text.
    const detail = typeof cause === 'string' || typeof cause === 'number' ? `${name} ${cause}` : name;
    ctx.log({ event: 'social.refused', code: error.code, detail });
    return { ...wayOf(taken), redirectUrl: null, refusal: error };
  }
}

function wayOf(taken: TakenState | null): Pick<SocialReturn, 'purpose' | 'service'> {
  return { purpose: taken?.purpose ?? null, service: taken?.request?.service ?? null };
}

interface Came {
  readonly name: string;
  readonly taken: TakenState;
  readonly redirect: Redemption;
}

async function finish(ctx: SystemContext, { name, taken, redirect }: Came): Promise<void> {
  const { purpose, userId, organizationId, request } = taken;
  if (purpose === 'connect' && userId !== null && request !== null) {
    await finishConnect(ctx, { ...redirect, connector: name, userId, organizationId, request });
    ctx.cookies.clear('sign_in');
    return;
  }
  const provider = findProvider(ctx, name);
  const identity = await redeemCallback(provider.connector, provider.client, redirect);
  if (purpose === 'link') await link(ctx, provider, { identity, begunBy: userId });
  else await signIn(ctx, provider, identity);
}

async function takeState(
  ctx: SystemContext,
  given: { readonly state: string; readonly name: string; readonly browserSecret: string | undefined },
): Promise<TakenState> {
  const row = {
    stateHash: await sha256Hex(given.state),
    connector: given.name,
    browserHash: given.browserSecret === undefined ? null : await sha256Hex(given.browserSecret),
    operationId: newId(),
  };
  const [rows] = await ctx.system(() => [
    plain('select gatehouse.take_oauth_state($1::jsonb) as taken', [JSON.stringify(row)]),
  ]);
  return firstValue<TakenState>(rows, 'taken');
}

async function signIn(ctx: SystemContext, { connector }: Provider, identity: ProviderIdentity): Promise<void> {
  const session = await newSession(ctx, { authMethod: 'oauth', delivery: 'cookie' });
  const params = [JSON.stringify({ id: newId(), connector: connector.name, ...identity }), JSON.stringify(session.row)];
  const [rows] = await ctx.system(() => [
    plain('select gatehouse.sign_in_by_provider($1::jsonb, $2::jsonb) as answer', params),
  ]);
  concludeSignIn(ctx, session, { answer: firstValue<SignInAnswer>(rows, 'answer'), delivery: 'cookie' });
}

/** Behind the caller's own gate: the state says who began it, and only they may end it. */
async function link(
  ctx: SystemContext,
  { connector }: Provider,
  { identity, begunBy }: { readonly identity: ProviderIdentity; readonly begunBy: string | null },
): Promise<void> {
  if (!ctx.credential) throw new AppError('credential.missing');
  const gate = ctx.memberGate(ctx.credential, { subject: 'self', freshWithin: REDIRECT_FRESH_SECONDS });
  const change = await newChange({ ...ctx, gate }, 'oauth');
  const row = JSON.stringify({ id: newId(), connector: connector.name, ...identity });
  const statement = plain('select gatehouse.link_social_account($1, $2::jsonb, $3::jsonb) as answer', [
    begunBy,
    row,
    JSON.stringify(change.facts),
  ]);
  await applyChange({ ...ctx, gate }, change, { statement, done: 'linked', detail: () => connector.title });
  ctx.cookies.clear('sign_in');
}
