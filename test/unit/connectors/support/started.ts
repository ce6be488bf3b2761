import { afterAll, beforeAll } from 'vitest';
import type { Connector } from '../../../../src/connectors/types.ts';
import { type Provider, startProvider } from './provider.ts';

/** Providers of one test file, closed at its end. */
export function testProviders() {
  const started: Provider[] = [];
  afterAll(() => Promise.all(started.map((provider) => provider.close())));

  const start = async (connector: Connector): Promise<Provider> => {
    const provider = await startProvider(connector);
    started.push(provider);
    return provider;
  };

  /** Starts the connector's provider once for a `describe`. */
  const providerOf = (connector: Connector): (() => Provider) => {
    let provider: Provider | undefined;
    beforeAll(async () => void (provider = await start(connector)));
    return () => {
      if (!provider) throw new Error('The provider has not started.');
      return provider;
    };
  };

  return { start, providerOf };
}
