import type { Context as HonoContext } from 'hono';
import { AppError } from '../../errors.ts';
import type { AppEnv } from '../open-context.ts';
import { callApi, formKey, readForm } from './calls.ts';
import { goOn } from './go-on.tsx';
import { fieldsOf, parametersIn, serviceProblems } from './integration-fields.ts';
import { changeIntegration, guardedHere } from './integrations-page.tsx';
import { problemsOf } from './words.ts';

const HOME = '/integrations';

/** POST /integrations/connect: off to a service's provider, for a new account or for the same one again. Two trips. */
export function connectService(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const form = await readForm(c, 'service', 'connection_id', 'nonce');
    const service = await serviceOf(c, form.service);
    const values = await readForm(c, ...(service ? fieldsOf(service).map(({ name }) => name) : []));
    const key = await formKey(form.nonce, form.service, form.connection_id, JSON.stringify(values));
    const typed = (refusal: AppError) => service && serviceProblems(service, values, refusal);
    return changeIntegration(c, { typed }, async () => {
      if (!service) throw new AppError('service.not_found');
      const input = {
        service: service.id,
        connectionId: form.connection_id || undefined,
        parameters: form.connection_id ? undefined : parametersIn(service, values),
        redirectUrl: `${HOME}?done=${form.connection_id ? 'reconnected' : 'connected'}`,
      };
      const { authorizationUrl } = await callApi(c.get('ctx'), key).oauth.connections.connect(input);
      return goOn(c, service.connector, authorizationUrl);
    });
  });
}

/** POST /integrations/link: a messaging service, by the account's id there. With the form's nonce, sent twice is once. */
export function linkService(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const { nonce, ...form } = await readForm(c, 'service', 'external_user_id', 'external_username', 'nonce');
    const service = await serviceOf(c, form.service);
    const key = await formKey(nonce, form.service, form.external_user_id, form.external_username);
    const typed = (refusal: AppError) => service && serviceProblems(service, form, refusal);
    return changeIntegration(c, { typed }, async () => {
      if (!service) throw new AppError('service.not_found');
      await callApi(c.get('ctx'), key).integrations.link({
        userId: 'me',
        serviceId: service.id,
        externalUserId: form.external_user_id.trim() || undefined,
        externalUsername: form.external_username.trim() || undefined,
      });
      return 'connected';
    });
  });
}

/** POST /integrations/rename: an empty label takes it away. */
export function renameIntegration(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const { integration_id: integrationId, label } = await readForm(c, 'integration_id', 'label');
    const typed = (refusal: AppError) => labelProblem(integrationId, label, refusal);
    return changeIntegration(c, { typed }, async () => {
      await update(c, { integrationId, displayLabel: label.trim() || null });
      return 'labelled';
    });
  });
}

function labelProblem(id: string, label: string, refusal: AppError) {
  const words = {
    displayLabel: ['label', 'A label has at most 255 characters on one line, and none that turns its direction.'],
  } as const;
  const { label: problem } = problemsOf(refusal, words);
  return problem === undefined ? undefined : { label: { id, label, problem } };
}

/** POST /integrations/primary */
export function makeIntegrationPrimary(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const { integration_id: integrationId } = await readForm(c, 'integration_id');
    return changeIntegration(c, {}, async () => {
      await update(c, { integrationId, isPrimary: true });
      return 'primary';
    });
  });
}

/** POST /integrations/activate: a disconnected account whose access still works is used again. */
export function activateIntegration(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const { integration_id: integrationId } = await readForm(c, 'integration_id');
    return changeIntegration(c, {}, async () => {
      await update(c, { integrationId, isActive: true });
      return 'reconnected';
    });
  });
}

/** POST /integrations/disconnect: softly, with the form's nonce once though it is sent twice. */
export function disconnectIntegration(c: HonoContext<AppEnv>): Promise<Response> {
  return guardedHere(c, async () => {
    const { integration_id: integrationId, nonce } = await readForm(c, 'integration_id', 'nonce');
    const key = await formKey(nonce, integrationId);
    return changeIntegration(c, {}, async () => {
      await callApi(c.get('ctx'), key).integrations.unlink({ userId: 'me', integrationId });
      return 'deactivated';
    });
  });
}

interface Change {
  readonly integrationId: string;
  readonly displayLabel?: string | null;
  readonly isPrimary?: true;
  readonly isActive?: true;
}

async function update(c: HonoContext<AppEnv>, change: Change): Promise<void> {
  await callApi(c.get('ctx')).integrations.update({ userId: 'me', ...change });
}

/** The service of that id; undefined when there is none. One trip. */
async function serviceOf(c: HonoContext<AppEnv>, id: string) {
  const { items } = await callApi(c.get('ctx')).integrations.services();
  return items.find((service) => service.id === id);
}
