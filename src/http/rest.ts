import { type AnyTRPCRouter, TRPCError } from '@trpc/server';
import { type Context as HonoContext, Hono } from 'hono';
import { $ZodError, $ZodRealError } from 'zod/v4/core';
import { AppError } from '../errors.ts';
import { appRouter } from '../routers/index.ts';
import { describeError } from '../trpc.ts';
import { logLine } from './log.ts';
import type { AppEnv } from './open-context.ts';
import { answerWithTag } from './rest/entity-tag.ts';
import { type Names, rename, renamePath } from './rest/names.ts';
import { callProcedure, listProcedures } from './rest/procedures.ts';
import { readInput } from './rest/read-input.ts';
import { type Mapping, mappingOf, type Route, routesOf } from './rest/route.ts';

/**
 * The procedures of a router as REST, where their `meta.openapi` places them: snake_case outside, camelCase inside,
 * the same procedure in between. Refusals are thrown for `app.onError`.
 */
export function createRest(router: AnyTRPCRouter): Hono<AppEnv> {
  const rest = new Hono<AppEnv>();
  const routes = routesOf(listProcedures(router));
  for (const route of routes) rest.on(route.method, patternOf(route.path), serve(router, route));
  for (const [path, methods] of methodsByPath(routes)) {
    rest.all(patternOf(path), (c) => {
      c.header('allow', methods.join(', '));
      throw new AppError('method.not_allowed', {
        message: `This address takes ${methods.join(', ')}, not ${c.req.method}.`,
      });
    });
  }
  return rest;
}

function serve(router: AnyTRPCRouter, route: Route) {
  const { procedure } = route;
  let mapping: Mapping | undefined;
  return async (c: HonoContext<AppEnv>) => {
    // On first use: walking every schema at start-up would be paid by every new isolate.
    const names = (mapping ??= mappingOf(route));
    const ctx = c.get('ctx');
    let unread: unknown;
    const read = () =>
      readInput(c, route, names).catch((error: unknown) => {
        unread = error;
        throw error;
      });
    try {
      const output = await callProcedure(router, { procedure, ctx, readInput: read });
      const answer = rename(names.output, output) ?? {};
      return procedure.meta.openapi?.isRevalidated ? await answerWithTag(c, answer) : c.json(answer);
    } catch (error) {
      // What reading refused speaks the caller's names already.
      const refusal = unread === undefined ? inOuterNames(error, names.issues) : describeError(unread);
      const { code } = refusal;
      if (code !== 'internal.error') {
        logLine({ event: 'call.refused', requestId: ctx.facts.requestId, procedure: procedure.name, code });
      }
      throw refusal;
    }
  };
}

/** The refusal an error stands for, its fields named as the caller sent them. */
function inOuterNames(error: unknown, names: Names | null): AppError {
  const refusal = describeError(error);
  const { cause } = refusal.details;
  if (names === null || refusal.code !== 'input.invalid' || !(cause instanceof $ZodError)) return refusal;
  const issues = cause.issues.map((issue) => ({ ...issue, path: renamePath(names, issue.path) }));
  return describeError(new TRPCError({ code: 'BAD_REQUEST', cause: new $ZodRealError(issues) }));
}

/** `/sessions/{session_id}` as Hono writes it. */
function patternOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}

/** RFC 9110 §15.5.6 asks for the list. HEAD is answered wherever GET is. */
function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { path, method } of routes) {
    const own = method === 'GET' ? ['GET', 'HEAD'] : [method];
    methods.set(path, [...(methods.get(path) ?? []), ...own]);
  }
  return methods;
}

export const rest = createRest(appRouter);
