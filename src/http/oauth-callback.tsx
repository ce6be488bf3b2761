import { type Context as HonoContext, Hono } from 'hono';
import { returnFromProvider } from '../domain/auth/social/return.ts';
import { AppError } from '../errors.ts';
import type { AppEnv } from './open-context.ts';
import { showPage } from './pages/layout.tsx';

/** Where providers send the browser back to: `/oauth/callback/<connector>`. */
export const oauthCallback = new Hono<AppEnv>();

oauthCallback.get('/:connector', (c) => finish(c, new URL(c.req.url).searchParams));

/**
 * Apple answers by a form that its page posts (`response_mode=form_post`). Such a post comes without our cookies, which
 * are SameSite=Lax; so it is answered with the same form, posted once more from a page of our own.
 */
oauthCallback.post('/:connector', async (c) => {
  // Not `text()`: for a form's media type workerd warns that it does not appear to be text.
  const text = new TextDecoder().decode(await c.req.arrayBuffer());
  if (!/^application\/x-www-form-urlencoded\b/i.test(c.req.header('content-type') ?? '')) {
    throw new AppError('content_type.unsupported', { message: 'Providers post forms.' });
  }
  const params = new URLSearchParams(text);
  return c.req.header('origin') === c.get('ctx').settings.publicUrl ? finish(c, params) : passOn(c, params);
});

async function finish(c: HonoContext<AppEnv>, params: URLSearchParams): Promise<Response> {
  const ctx = c.get('ctx');
  const { purpose, service, redirectUrl, refusal } = await returnFromProvider(
    { ...ctx, system: ctx.systemGate },
    c.req.param('connector') ?? '',
    params,
  );
  const home = service !== null ? '/integrations' : purpose === null ? '/sign-in' : homes[purpose];
  // The code alone: no text of a provider is ever shown (CVE-2025-71404).
  if (refusal) return c.redirect(`${home}?problem=${encodeURIComponent(refusal.code)}`, 303);
  return c.redirect(redirectUrl ?? (purpose === 'connect' ? `${home}?done=connected` : '/account'), 303);
}

/** The page that a way belongs to, and that says why it ended. */
const homes = { sign_in: '/sign-in', link: '/account', connect: '/account/connections' } as const;

/** At most this many fields of a provider's form are passed on. */
const MAX_FIELDS = 20;

function passOn(c: HonoContext<AppEnv>, params: URLSearchParams): Response | Promise<Response> {
  const fields = [...params].slice(0, MAX_FIELDS);
  const content = (
    <>
      <h1>One moment</h1>
      <form method="post" action={c.req.path} class="stack" data-submit>
        {fields.map(([name, value]) => (
          <input type="hidden" name={name} value={value} />
        ))}
        <p class="soft">You come back from signing in. This page goes on by itself.</p>
        <button type="submit" class="wide">
          Go on
        </button>
      </form>
    </>
  );
  return showPage(c, { title: 'One moment', content, script: 'submit' });
}
