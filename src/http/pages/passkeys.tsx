import type { Context as HonoContext } from 'hono';
import type { AppEnv } from '../open-context.ts';
import { change } from './account-page.tsx';
import { callApi, formKey, readForm } from './calls.ts';
import { guarded } from './guard.ts';

/** POST /account/passkeys/rename */
export function renamePasskey(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const { passkey_id: passkeyId, name } = await readForm(c, 'passkey_id', 'name');
    return change(c, { section: 'passkeys' }, async () => {
      await callApi(c.get('ctx')).auth.renamePasskey({ passkeyId, name: name.trim() });
      return 'passkey_renamed';
    });
  });
}

/** POST /account/passkeys/remove */
export function removePasskey(c: HonoContext<AppEnv>): Promise<Response> {
  return guarded(c, async () => {
    const { passkey_id: passkeyId, nonce } = await readForm(c, 'passkey_id', 'nonce');
    const key = await formKey(nonce, passkeyId);
    return change(c, { section: 'passkeys' }, async () => {
      await callApi(c.get('ctx'), key).auth.deletePasskey({ passkeyId });
      return 'passkey_removed';
    });
  });
}
