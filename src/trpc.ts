import { initTRPC, TRPCError } from '@trpc/server';
import * as z from 'zod';
// By name: `z.core` as a value would bundle every locale of zod (57 KiB gzip).
import { $ZodError, type $ZodIssue } from 'zod/v4/core';
import type { Context } from './context.ts';
import type { Gate, OrganizationRole, Requirement } from './db/gate.ts';
import type { Credential } from './lib/credentials.ts';
import { AppError, type ErrorCode, errors } from './errors.ts';
import { Uuid } from './lib/ids.ts';
import { safeText } from './lib/text.ts';
import type { Turn } from './rate-limits.ts';
import { asOperation, claiming, type Operation, unkeyed } from './operation.ts';

/** What a procedure asks of its caller's credential. */
export interface Demand {
  /** What an API token must carry; without it tokens are refused. */
  readonly scope?: string;
  /** Seconds since the person last proved who they are: sessions alone may call. */
  readonly freshWithin?: number;
  /** The same of sessions, while API tokens with the scope go on without. */
  readonly sessionFreshWithin?: number;
}

/** Who may call, as the contract tests and the documentation read it. */
export type Access =
  | { readonly subject: 'public' }
  | ({ readonly subject: 'self' | 'user' | 'platform' } & Demand)
  | ({ readonly subject: 'organization'; readonly role: OrganizationRole } & Demand);

/** What a procedure declares beside its input and output. */
export interface Meta {
  readonly access?: Access;
  readonly openapi?: {
    readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    readonly path: `/${string}`;
    /** A GET whose answer callers may keep, and ask about by its `ETag` (src/http/rest/entity-tag.ts). */
    readonly isRevalidated?: boolean;
  };
  /** One sentence for the API's reference. */
  readonly summary?: string;
}

/** What callers read of a refusal, in tRPC under `data` and in REST as the body. */
export interface ErrorData {
  readonly appCode: ErrorCode;
  readonly requestId: string;
  readonly retryAfter?: number;
  readonly attemptsLeft?: number;
  /** For `input.invalid`: which field, and why. */
  readonly fields?: readonly { readonly path: string; readonly message: string }[];
}

const t = initTRPC
  .context<Context>()
  .meta<Meta>()
  .create({
    // On Workers tRPC cannot see NODE_ENV and would send stacks otherwise.
    isDev: false,
    errorFormatter: ({ shape, error, ctx }) => {
      const refusal = describeError(error);
      return {
        ...shape,
        message: refusal.message,
        data: { ...shape.data, ...errorData(refusal, ctx?.facts.requestId ?? '') },
      };
    },
  });

const ofTrpc: Partial<Record<TRPCError['code'], ErrorCode>> = {
  PARSE_ERROR: 'body.malformed',
  BAD_REQUEST: 'body.malformed',
  NOT_FOUND: 'route.not_found',
  METHOD_NOT_SUPPORTED: 'method.not_allowed',
  UNSUPPORTED_MEDIA_TYPE: 'content_type.unsupported',
  PAYLOAD_TOO_LARGE: 'body.too_large',
  UNAUTHORIZED: 'credential.missing',
};

/** The refusal any error stands for. What is not ours is `internal.error`, and its message stays inside. */
export function describeError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (!(error instanceof TRPCError)) return new AppError('internal.error', { cause: error });
  if (error.cause instanceof AppError) return error.cause;
  if (error.cause instanceof $ZodError && error.code === 'BAD_REQUEST') {
    return new AppError('input.invalid', { message: sentence(error.cause), cause: error.cause });
  }
  return new AppError(ofTrpc[error.code] ?? 'internal.error', { cause: error });
}

/** The part of a refusal that goes to the caller. */
export function errorData(refusal: AppError, requestId: string): ErrorData {
  const { retryAfter, attemptsLeft, cause } = refusal.details;
  const fields = cause instanceof $ZodError ? cause.issues.slice(0, 20).map(fieldOf) : undefined;
  return { appCode: refusal.code, requestId, retryAfter, attemptsLeft, fields };
}

function fieldOf(issue: $ZodIssue) {
  return { path: issue.path.map(String).join('.').slice(0, 200), message: issue.message.slice(0, 300) };
}

function sentence(error: $ZodError): string {
  const [first] = error.issues.map(fieldOf);
  return first ? `${first.path || 'input'}: ${first.message}` : errors['input.invalid'].message;
}

/** Errors become refusals of the table here and nowhere else. */
async function mapErrors<T extends MiddlewareOutcome>(run: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    // Whether it throws at once or rejects later.
    result = await run();
  } catch (error) {
    throw toTrpc(error);
  }
  if (!result.ok) throw toTrpc(result.error);
  return result;
}

/** What tRPC's `next` gives. */
type MiddlewareOutcome = { readonly ok: boolean; readonly error?: unknown };

function toTrpc(error: unknown): TRPCError {
  const refusal = describeError(error);
  return new TRPCError({ code: errors[refusal.code].trpc, message: refusal.message, cause: refusal });
}

export const router = t.router;
/** For the REST adapter: calls a procedure with a context, no HTTP in between. */
export const createCallerFactory = t.createCallerFactory;

/** Anyone may call; the verb works as the system, on what it was given alone. */
export const publicProcedure = t.procedure
  .meta({ access: { subject: 'public' } })
  .use((call) =>
    mapErrors(() =>
      begin(call, (part) => call.next({ ctx: { ...part, system: claiming(call.ctx.systemGate, part.operation) } })),
    ),
  );

/**
 * Error mapping, credential and gate in one middleware, since tRPC copies the context for each. A caller without any
 * credential is refused before the input is read.
 */
const guard = (requirement: Requirement) =>
  t.middleware((call) => mapErrors(() => passGate(call, requirement, (ctx) => call.next({ ctx }))));

const withCredential = t.middleware(({ ctx, next }) =>
  mapErrors(() => {
    requireCredential(ctx);
    return next();
  }),
);

/** The call acts on the user whom the credential belongs to. */
export const self = (demand: Demand = {}) =>
  t.procedure.meta({ access: { subject: 'self', ...demand } }).use(guard({ subject: 'self', ...demand }));

/** The call acts on the user named in the input: the caller, or anyone for service tokens and administrators. */
export const user = (demand: Demand & { readonly scope: string }) =>
  t.procedure
    .meta({ access: { subject: 'user', ...demand } })
    .use(withCredential)
    .input(z.object({ userId: safeText({ min: 1, max: 255 }) }))
    .use((call) =>
      passGate(call, { subject: 'user', userId: call.input.userId, ...demand }, (ctx) => call.next({ ctx })),
    );

/** The call acts on the organisation named in the input, of which the caller is a member with at least that role. */
export const organization = (role: OrganizationRole, demand: Demand = {}) =>
  t.procedure
    .meta({ access: { subject: 'organization', role, ...demand } })
    .use(withCredential)
    .input(z.object({ organizationId: Uuid }))
    .use((call) =>
      passGate(call, { subject: 'organization', organizationId: call.input.organizationId, role, ...demand }, (ctx) =>
        call.next({ ctx }),
      ),
    );

/**
 * The call spans users: platform administrators and service tokens. An administrator's session is fresh for each of them,
 * reads too, as it is for a call on another user: whoever declares none of the two does not compile.
 */
export const platform = (
  demand: Demand & { readonly scope: string } & (
      | { readonly freshWithin: number }
      | { readonly sessionFreshWithin: number }
    ),
) => t.procedure.meta({ access: { subject: 'platform', ...demand } }).use(guard({ subject: 'platform', ...demand }));

function requireCredential({ credential }: Context): Credential {
  if (!credential) throw new AppError('credential.missing');
  return credential;
}

/** What a middleware knows of the call it lets through. */
interface Call {
  readonly ctx: Context;
  readonly type: 'query' | 'mutation' | 'subscription';
  readonly path: string;
  readonly getRawInput: () => Promise<unknown>;
}

/** The part of a verb's context that depends on its operation. */
type OfOperation = Pick<Context, 'operation' | 'limit'>;

/** A call that changes something is an operation, which its `Idempotency-Key` names. A query changes nothing. */
function begin<T extends MiddlewareOutcome>(call: Call, run: (part: OfOperation) => Promise<T>): Promise<T> {
  const turns = new Map<string, Promise<Turn>>();
  const runAs = (operation: Operation) => run({ operation, limit: limitOnce(call.ctx, operation, turns) });
  return call.type === 'mutation' ? asOperation(call, runAs) : runAs(unkeyed);
}

/** An operation that runs twice, since its key was first used on another day, takes each of its turns once. */
function limitOnce(ctx: Context, { name }: Operation, turns: Map<string, Promise<Turn>>): Context['limit'] {
  if (name === undefined) return (policy, account) => ctx.limit(policy, account);
  return (policy, account) => {
    const key = JSON.stringify([policy, account]);
    const turn = turns.get(key) ?? ctx.limit(policy, account, name);
    turns.set(key, turn);
    return turn;
  };
}

/** Hands the verb its gate, and refuses an answer that was made without asking it: nobody was authenticated then. */
async function passGate<T extends MiddlewareOutcome>(
  call: Call,
  requirement: Requirement,
  run: (ctx: OfOperation & { gate: Gate }) => Promise<T>,
): Promise<T> {
  const { ctx } = call;
  const memberGate = ctx.memberGate(requireCredential(ctx), requirement);
  return begin(call, async (part) => {
    const gate = claiming(memberGate, part.operation);
    let asked = false;
    const result = await run({
      ...part,
      gate: (build) => {
        asked = true;
        return gate(build);
      },
    });
    if (result.ok && !asked)
      throw new AppError('gate.misused', { cause: new Error('A verb answered without its gate.') });
    return result;
  });
}
