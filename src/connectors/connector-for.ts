import { checkParameters } from './parameters.ts';
import { scopesToAsk } from './scopes.ts';
import { rulesOf } from './tokens.ts';
import type { ApiSource, Connector, GrantRules, Parameters } from './types.ts';

/** What a grant is asked for with. */
export interface Asking {
  /** Beyond the connector's own. */
  readonly scopes: readonly string[];
  readonly parameters: Parameters;
}

/**
 * The connector as it is for one grant: its addresses filled in, its scopes and parameters those of a connection. What
 * the flow does with a connector, it then does with this one.
 * @throws input.invalid for a scope or a parameter; provider.unknown for a connector that only signs in
 */
export function connectorFor(connector: Connector, { scopes, parameters }: Asking): Connector {
  const rules = rulesOf(connector);
  const fill = filling(checkParameters(connector, parameters));
  const { endpoints, identity } = connector;
  return {
    ...connector,
    endpoints: endpoints && {
      ...endpoints,
      authorization: fill(endpoints.authorization),
      token: fill(endpoints.token),
    },
    identity: identity.kind === 'api' ? filledSource(identity, fill) : identity,
    scopes: scopesToAsk(connector, [...rules.scopes, ...scopes]),
    authorizationParams: { ...connector.authorizationParams, ...rules.authorizationParams },
    grant: filledRules(rules, fill),
  };
}

type Fill = (address: string) => string;

function filling(parameters: Parameters): Fill {
  return (address) => address.replace(/\{(\w+)\}/g, (place, name: string) => parameters[name] ?? place);
}

function filledSource(source: ApiSource, fill: Fill): ApiSource {
  const urls = Object.entries(source.urls).map(([name, url]) => [name, fill(url)] as const);
  return { ...source, urls: Object.fromEntries(urls) };
}

function filledRules(rules: GrantRules, fill: Fill): GrantRules {
  const { refresh, revocation } = rules;
  const filled = (endpoint: string | null | undefined) => endpoint && fill(endpoint);
  return {
    ...rules,
    refresh: { ...refresh, endpoint: filled(refresh.endpoint) ?? undefined },
    revocation: revocation && { ...revocation, endpoint: filled(revocation.endpoint) ?? null },
  };
}
