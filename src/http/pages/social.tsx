import type { Context as HonoContext } from 'hono';
import { signInConnectorNames } from '../../connectors/names.ts';
import { AppError } from '../../errors.ts';
import type { AppEnv } from '../open-context.ts';
import { change } from './account-page.tsx';
import { callApi, formKey, readForm, refusalOf } from './calls.ts';
import { goOn } from './go-on.tsx';
import { allowedRedirect, guarded } from './guard.ts';
import { ask } from './sign-in.tsx';
import { inWords } from './words.ts';

/** POST /sign-in/social: off to a provider, and from there to /oauth/callback/…. One trip. */
export async function startSocial(c: HonoContext<AppEnv>): Promise<Response> {
  const ctx = c.get('ctx');
  const form = await readForm(c, 'provider', 'redirect_url', 'nonce');
  try {
    const key = await formKey(form.nonce, form.provider, form.redirect_url);
    const input = { provider: providerOf(form.provider), redirectUrl: form.redirect_url || undefined };
    const { authorizationUrl } = await callApi(ctx, key).auth.startSocialSignIn(input);
    return goOn(c, input.provider, authorizationUrl);
  } catch (error) {
    const refusal = refusalOf(ctx, error);
    return ask(c, { redirectUrl: allowedRedirect(c, form.redirect_url), refusal: inWords(refusal) }, refusal);
  }
}

/** POST /account/social/link: the same, and back to /account. One trip. */
export function linkSocial(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const form = await readForm(c, 'provider', 'nonce');
    const key = await formKey(form.nonce, form.provider);
    return change(c, { section: 'providers' }, async () => {
      const input = { provider: providerOf(form.provider), redirectUrl: '/account?done=linked' };
      const { authorizationUrl } = await callApi(c.get('ctx'), key).auth.startSocialLink(input);
      return goOn(c, input.provider, authorizationUrl);
    });
  });
}

/** POST /account/social/unlink */
export function unlinkSocial(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const { account_id: accountId, nonce } = await readForm(c, 'account_id', 'nonce');
    const key = await formKey(nonce, accountId);
    return change(c, { section: 'providers' }, async () => {
      await callApi(c.get('ctx'), key).auth.unlinkSocialAccount({ accountId });
      return 'unlinked';
    });
  });
}

function providerOf(name: string) {
  const known = signInConnectorNames.find((candidate) => candidate === name);
  if (!known) throw new AppError('provider.unknown');
  return known;
}
