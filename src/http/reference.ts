import { Hono } from 'hono';
import type { AppEnv } from './open-context.ts';

export const reference = new Hono<AppEnv>();
