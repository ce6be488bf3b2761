import type { Context as HonoContext } from 'hono';
import type { Context } from '../../context.ts';
import { AppError, errors } from '../../errors.ts';
import { sha256Hex } from '../../lib/secrets.ts';
import { appRouter } from '../../routers/index.ts';
import { createCallerFactory, describeError } from '../../trpc.ts';
import type { AppEnv } from '../open-context.ts';

const createCaller = createCallerFactory(appRouter);

/**
 * The API as the request's own caller, without HTTP in between. The nonce of a form makes sending it twice one call: it
 * stands in for `Idempotency-Key` and `Idempotency-Caller`, since only the page that was shown knows it.
 */
export function callApi(ctx: Context, key: FormKey = noKey) {
  return createCaller({ ...ctx, facts: { ...ctx.facts, idempotency: key } });
}

type FormKey = Context['facts']['idempotency'];
const noKey: FormKey = { key: null, caller: null };

/**
 * The key of a form: its nonce together with what was typed. Sent twice it is one request; with something else typed
 * (after "back") it is another one. A nonce that is not ours is ignored, since whoever knows it knows what it makes.
 */
export async function formKey(nonce: string, ...typed: readonly string[]): Promise<FormKey> {
  if (!/^[\w-]{43}$/.test(nonce)) return noKey;
  return { key: await sha256Hex(JSON.stringify([nonce, ...typed])), caller: nonce };
}

/** The fields of a posted form; one that is absent, repeated or a file reads as ''. @throws AppError `body.malformed` */
export async function readForm<Name extends string>(
  c: HonoContext<AppEnv>,
  ...names: Name[]
): Promise<Record<Name, string>> {
  const form = await parseForm(c);
  const entries = names.map((name) => {
    const value = form[name];
    return [name, typeof value === 'string' ? value : ''] as const;
  });
  return Object.fromEntries(entries) as Record<Name, string>;
}

/** The values of one field that may be there several times, such as boxes that were ticked. @throws AppError `body.malformed` */
export async function readList(c: HonoContext<AppEnv>, name: string): Promise<string[]> {
  const value = (await parseForm(c))[name];
  return [value].flat().filter((item) => typeof item === 'string');
}

function parseForm(c: HonoContext<AppEnv>) {
  return c.req.parseBody({ all: true }).catch((cause: unknown) => {
    // What the body limit throws must pass, a body that is no form must not become a 500.
    if (!(cause instanceof TypeError)) throw cause;
    throw new AppError('body.malformed', { message: 'The form could not be read.', cause });
  });
}

/** The refusal that a page shows beside its form. What is not the visitor's to mend is thrown on, to the error page. */
export function refusalOf(ctx: Context, error: unknown): AppError {
  const refusal = describeError(error);
  if (errors[refusal.code].trpc === 'INTERNAL_SERVER_ERROR') throw error;
  ctx.log({ event: 'page.refused', code: refusal.code });
  return refusal;
}

/** Whether the caller must sign in first. */
export function needsSignIn(refusal: AppError): boolean {
  return errors[refusal.code].trpc === 'UNAUTHORIZED';
}
