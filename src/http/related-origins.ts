import type { Handler } from 'hono';
import type { AppEnv } from './open-context.ts';

/** Which other origins may use this site's passkeys (WebAuthn §5.11). Browsers ask for it, without cookies. */
export const relatedOrigins: Handler<AppEnv> = (c) => c.json({ origins: c.get('ctx').settings.webauthnOrigins });
