import type { Context as HonoContext } from 'hono';
import type { AppEnv } from '../open-context.ts';
import { showPage } from './layout.tsx';
import { titleOfProvider } from './provider-names.ts';

/**
 * On to the provider, by a page and not by a redirect: browsers hold every redirect that follows a form to `form-action`
 * (CSP Level 3; Chromium does), and providers redirect on to hosts that nobody can list, such as a company's sign-in.
 */
export function goOn(c: HonoContext<AppEnv>, name: string, address: string): Response | Promise<Response> {
  const title = titleOfProvider(name);
  const content = (
    <>
      <h1>One moment</h1>
      <p class="soft">You go on to {title}, and come back from there.</p>
      <p>
        <a href={address}>Go on to {title}</a>
      </p>
    </>
  );
  return showPage(c, { title: 'One moment', content, refresh: { seconds: 0, to: address } });
}
