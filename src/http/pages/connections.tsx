import type { Context as HonoContext } from 'hono';
import { connectorNames } from '../../connectors/names.ts';
import { AppError } from '../../errors.ts';
import { isUuid } from '../../lib/ids.ts';
import type { AppEnv } from '../open-context.ts';
import { callApi, formKey, readForm } from './calls.ts';
import { type ConnectFormState, parameterField } from './connect-form.tsx';
import { changeConnection, guardedHere, ownId } from './connections-page.tsx';
import { goOn } from './go-on.tsx';
import { exampleOf, parametersOf } from './provider-names.ts';

const HOME = '/account/connections';

/** POST /account/connections/connect: off to a provider, for a new account or for the same one again. One trip. */
export function connectAccount(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const form = await readForm(c, 'connector', 'connection_id', 'nonce');
    const parameters = await readParameters(c, form.connector);
    const key = await formKey(form.nonce, form.connector, form.connection_id, JSON.stringify(parameters));
    const id = isUuid(form.connection_id) ? form.connection_id : undefined;
    const typed = (refusal: AppError) => typedOf(form.connector, parameters, refusal);
    return changeConnection(c, { id, typed }, async () => {
      const input = {
        connector: connectorOf(form.connector),
        connectionId: form.connection_id || undefined,
        parameters: id ? undefined : parameters,
        redirectUrl: id ? `${HOME}/${id}?done=reconnected` : `${HOME}?done=connected`,
      };
      const { authorizationUrl } = await callApi(c.get('ctx'), key).oauth.connections.connect(input);
      return goOn(c, input.connector, authorizationUrl);
    });
  });
}

/** POST /account/connections/refresh */
export function refreshConnection(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const { connection_id: id } = await readForm(c, 'connection_id');
    return changeConnection(c, { id }, async () => {
      await callApi(c.get('ctx')).oauth.connections.refresh({ userId: await ownId(c), connectionId: id });
      return 'refreshed';
    });
  });
}

/** POST /account/connections/primary */
export function makeConnectionPrimary(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const { connection_id: id } = await readForm(c, 'connection_id');
    return changeConnection(c, { id }, async () => {
      await callApi(c.get('ctx')).oauth.connections.makePrimary({ userId: await ownId(c), connectionId: id });
      return 'primary';
    });
  });
}

/** POST /account/connections/disconnect: with the form's nonce, sent twice is done once. */
export function disconnectConnection(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const { connection_id: id, nonce } = await readForm(c, 'connection_id', 'nonce');
    const key = await formKey(nonce, id);
    return changeConnection(c, { id }, async () => {
      await callApi(c.get('ctx'), key).oauth.connections.disconnect({ userId: await ownId(c), connectionId: id });
      return 'disconnected';
    });
  });
}

function connectorOf(name: string) {
  const known = connectorNames.find((candidate) => candidate === name);
  if (!known) throw new AppError('provider.unknown');
  return known;
}

/** What was typed for the places of the connector's addresses. One that is empty is left out. */
async function readParameters(c: HonoContext<AppEnv>, connector: string): Promise<Record<string, string>> {
  const names = parametersOf(connector);
  const form = await readForm(c, ...names.map(parameterField));
  const entries = names.map((name) => [name, (form[parameterField(name)] ?? '').trim()] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== ''));
}

/** The connector's form with what is wrong in it, where the API refused what was typed; undefined for other refusals. */
function typedOf(
  connector: string,
  values: Readonly<Record<string, string>>,
  refusal: AppError,
): ConnectFormState | undefined {
  const names = parametersOf(connector);
  if (refusal.code !== 'input.invalid' || names.length === 0) return undefined;
  const problems = Object.fromEntries(names.map((name) => [name, `Write it like this: ${exampleOf(connector, name)}`]));
  return { connector, values, problems };
}
