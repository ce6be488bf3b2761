import { AppError } from '../errors.ts';
import { fromHex } from '../lib/secrets.ts';
import { rulesOf } from './tokens.ts';
import type { Connector, ConnectorClient, Parameters } from './types.ts';

const encoder = new TextEncoder();

/**
 * Holds what the browser brought to the provider's signature, and to the parameters that the flow was begun with:
 * else a code of one shop could be brought to a flow that was begun for another.
 * https://shopify.dev/docs/apps/build/authentication-authorization/access-tokens/authorization-code-grant
 * @throws provider.answer_invalid
 */
export async function checkCallbackSignature(
  connector: Connector,
  { clientSecret }: ConnectorClient,
  { params, parameters }: { readonly params: URLSearchParams; readonly parameters: Parameters },
): Promise<void> {
  const { callbackSignature: rule } = rulesOf(connector);
  if (!rule) return;
  const signature = params.get(rule.parameter) ?? '';
  const message = [...params]
    .filter(([name]) => name !== rule.parameter)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${escaped(name).replaceAll('=', '%3D')}=${escaped(value)}`)
    .join('&');
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', encoder.encode(clientSecret), algorithm, false, ['verify']);
  // In constant time: Web Crypto compares.
  const isSigned =
    /^[0-9a-f]{64}$/.test(signature) &&
    (await crypto.subtle.verify('HMAC', key, fromHex(signature), encoder.encode(message)));
  if (!isSigned) throw new AppError('provider.answer_invalid', { cause: rule.parameter });
  const other = rule.repeats.find((name) => params.get(name) !== parameters[name]);
  if (other !== undefined) throw new AppError('provider.answer_invalid', { cause: other });
}

/** So that no value reads as two parameters. */
function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('&', '%26');
}
