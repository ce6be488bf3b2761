import * as oauth from 'oauth4webapi';
import { AppError } from '../errors.ts';
import { failure, ProviderFault, retryAfterOf } from './provider-fault.ts';
import type { Connector, FailureClass, ProviderFailure } from './types.ts';

/**
 * RFC 6749 §5.2. What is not here, or among the connector's, may pass: nobody said that the grant is dead.
 * `unauthorized_client` is not here: providers also say it of one tenant, whose administrator removed the app, and the
 * client is none the worse for others.
 */
const classes: Readonly<Record<string, FailureClass>> = {
  invalid_grant: 'permanent',
  invalid_client: 'configuration',
  unsupported_grant_type: 'configuration',
};

/**
 * What a failed call to a provider means, from what was thrown. A status alone kills no grant and blames no client: a
 * firewall's 403 is no word of the provider (toolhive #5170 ended connections by one). An answer that came and cannot
 * be read is ambiguous: the provider has done what was asked.
 */
export function failureOf(connector: Connector, error: unknown): ProviderFailure {
  if (error instanceof ProviderFault) return error.failure;
  if (error instanceof oauth.ResponseBodyError) return refusal(connector, error.error, error.response);
  // With the library's errors their cause is the whole answer; only our own short words go on.
  const cause = error instanceof AppError ? error.details.cause : undefined;
  const code = typeof cause === 'string' && /^\w{1,48}$/.test(cause) ? `invalid_${cause}` : 'answer_invalid';
  return { ...failure('ambiguous', code), status: 200 };
}

/** A provider that said no, with an error code. */
export function refusal({ answer = {} }: Connector, code: string, { status, headers }: Response): ProviderFailure {
  const known = [answer.errors, classes].find((table) => table !== undefined && Object.hasOwn(table, code));
  return {
    class: known?.[code] ?? 'transient',
    // An error code is one word; what is not could be anything.
    code: /^\w{1,64}$/.test(code) ? code : 'unknown_error',
    status,
    retryAfter: retryAfterOf(headers),
  };
}
