/** The typed client of a Gatehouse deployment, for browsers, Workers and Node. */
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import type { AppRouter } from './app-router.ts';

export type { AppRouter, ErrorCode } from './app-router.ts';
export { type ClientOptions, createGatehouseClient, type GatehouseClient, type Token } from './client.ts';
export { type GatehouseError, gatehouseError } from './errors.ts';
export type { Fetch } from './resend.ts';

/** What procedures take: `Inputs['auth']['requestMagicLink']`. */
export type Inputs = inferRouterInputs<AppRouter>;
/** What procedures give: `Outputs['auth']['listSessions']`. */
export type Outputs = inferRouterOutputs<AppRouter>;
