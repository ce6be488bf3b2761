import type { Context } from '../../../context.ts';
import { sha256Hex } from '../../../lib/secrets.ts';
import { formatBrowserProof, parseBrowserProof } from '../magic-link.ts';
import { redirectUriOf } from './providers.ts';

/** How long a redirect to a provider may take; `gatehouse.begin_social` and `begin_connect` say the same. */
const STATE_SECONDS = 600;

/** A redirect to a provider that is about to begin. */
export interface NewRedirect {
  /** What the database keeps of it: hashes. */
  readonly row: { readonly id: string; readonly stateHash: string; readonly browserHash: string };
  /** What the address is made with. */
  readonly request: { readonly state: string; readonly browserSecret: string; readonly redirectUri: string };
  /** Gives the browser its secret, once the state is stored. */
  bind(): void;
}

/** A new state, bound to this browser, which keeps its secret and, with it, the mail it may have asked for. */
export async function newRedirect(ctx: Context, connector: string): Promise<NewRedirect> {
  const { operation } = ctx;
  const state = await operation.secret('state');
  const id = await operation.id('state.id');
  const browser = parseBrowserProof(ctx.cookies.read('sign_in')) ?? {
    linkId: id,
    secret: await operation.secret('browser'),
  };
  return {
    row: { id, stateHash: await sha256Hex(state), browserHash: await sha256Hex(browser.secret) },
    request: { state, browserSecret: browser.secret, redirectUri: redirectUriOf(ctx, connector) },
    bind: () => ctx.cookies.set('sign_in', formatBrowserProof(browser), STATE_SECONDS),
  };
}
