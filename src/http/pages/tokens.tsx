import type { Context as HonoContext } from 'hono';
import type { NewTokenView } from '../../domain/auth/tokens/views.ts';
import type { AppError } from '../../errors.ts';
import type { Scope } from '../../scopes.ts';
import type { AppEnv } from '../open-context.ts';
import { change } from './account-page.tsx';
import { callApi, formKey, readForm, readList } from './calls.ts';
import { guarded } from './guard.ts';
import { showPage } from './layout.tsx';
import { tokenWords } from './token-form.tsx';
import { NewTokenPage } from './tokens-view.tsx';
import { problemsOf } from './words.ts';

/** What `auth.createToken` takes as scopes; the procedure itself refuses any other text. */
type PersonalScope = Exclude<Scope, `admin:${string}`>;

/**
 * POST /account/tokens: makes a token and shows it, this once. The form's nonce makes a reload the very same token; with
 * anything else typed it is another one.
 */
export function createToken(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const { name, days, nonce } = await readForm(c, 'name', 'days', 'nonce');
    const scopes = (await readList(c, 'scopes')) as PersonalScope[];
    const key = await formKey(nonce, name, days, ...scopes);
    const typed = (refusal: AppError) => ({
      token: { values: { token_name: name, days, scopes }, problems: problemsOf(refusal, tokenWords) },
    });
    return change(c, { section: 'tokens', typed }, async () => {
      const input = { name: name.trim(), scopes, expiresInDays: numberOf(days) };
      return showToken(c, await callApi(c.get('ctx'), key).auth.createToken(input));
    });
  });
}

/** POST /account/tokens/rotate: replaces a token, and shows the new one as above. */
export function rotateToken(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const form = await readForm(c, 'token_id', 'overlap_hours', 'nonce');
    const key = await formKey(form.nonce, form.token_id, form.overlap_hours);
    return change(c, { section: 'tokens' }, async () => {
      const input = { tokenId: form.token_id, overlapHours: numberOf(form.overlap_hours) };
      return showToken(c, await callApi(c.get('ctx'), key).auth.rotateToken(input));
    });
  });
}

/** POST /account/tokens/revoke */
export function revokeToken(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const { token_id: tokenId } = await readForm(c, 'token_id');
    return change(c, { section: 'tokens' }, async () => {
      await callApi(c.get('ctx')).auth.revokeToken({ tokenId });
      return 'token_revoked';
    });
  });
}

/** A number that was typed; '' is none, and no number of ours. */
function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

function showToken(c: HonoContext<AppEnv>, token: NewTokenView): Response | Promise<Response> {
  return showPage(c, { title: 'Your new token', content: <NewTokenPage token={token} />, script: 'token' });
}
