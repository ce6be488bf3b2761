/** Here the package has the router's types spelled out instead: `npm run build:client` writes them. */
export type { ErrorCode } from '../errors.ts';
export type { AppRouter } from '../routers/index.ts';
