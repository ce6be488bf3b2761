import type { Context } from '../../../context.ts';
import { signInConnectors } from '../../../connectors/index.ts';
import type { Connector, ConnectorClient } from '../../../connectors/types.ts';
import { AppError } from '../../../errors.ts';

/** A provider that is set up here: what it is, and what it knows this deployment by. */
export interface Provider {
  readonly connector: Connector;
  readonly client: ConnectorClient;
}

/** Names of the providers one can sign in with here. */
export function providerNames({ settings }: Context): string[] {
  return signInConnectors.filter(({ name }) => settings.connectors.has(name)).map(({ name }) => name);
}

/** What a sign-in page shows. */
export function listProviders(ctx: Context): { items: { name: string; title: string }[] } {
  const known = new Set(providerNames(ctx));
  return { items: signInConnectors.filter(({ name }) => known.has(name)).map(({ name, title }) => ({ name, title })) };
}

/** @throws provider.unknown when one cannot sign in with it: there is none of that name, or it is not set up */
export function findProvider({ settings }: Context, name: string): Provider {
  const connector = signInConnectors.find((candidate) => candidate.name === name);
  const client = settings.connectors.get(name);
  if (!connector || !client) throw new AppError('provider.unknown');
  return { connector, client };
}

/** Where the provider sends the browser back to. Built from settings, never from a Host header. */
export function redirectUriOf({ settings }: Context, name: string): string {
  return `${settings.publicUrl}/oauth/callback/${name}`;
}

/** @throws provider.unknown when this deployment has no client at that provider */
export function checkIsSetUp({ settings }: Context, name: string): void {
  if (!settings.connectors.has(name)) throw new AppError('provider.unknown');
}
