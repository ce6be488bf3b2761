import { Hono } from 'hono';
import type { AppEnv } from './open-context.ts';

export const rest = new Hono<AppEnv>();
