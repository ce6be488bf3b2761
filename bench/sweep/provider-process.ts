import { fileURLToPath } from 'node:url';
import { firstLine, start } from '../support/processes.ts';
import type { GivenTokens } from './grants.ts';
import type { ProviderReport } from './provider.ts';

/** The provider of the sweep, started. */
export interface SweepProvider {
  readonly issuer: string;
  /** From now on, token requests are answered so much later. */
  delay(ms: number): Promise<void>;
  grants(count: number): Promise<GivenTokens[]>;
  report(): Promise<ProviderReport>;
  stop(): Promise<void>;
}

export async function startProvider(client: { clientId: string; clientSecret: string }): Promise<SweepProvider> {
  const script = fileURLToPath(new URL('./provider.ts', import.meta.url));
  const words = [script, '--client-id', client.clientId, '--client-secret', client.clientSecret];
  const running = start(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  const readIssuer = (line: string) => /"issuer":"([^"]+)"/.exec(line)?.[1];
  const issuer = await firstLine(running.child, readIssuer, 'the provider').catch(async (error: unknown) => {
    await running.stop();
    throw error;
  });
  const control = async <T>(method: string, path: string): Promise<T> => {
    const response = await fetch(`${issuer}/control/${path}`, { method });
    return (await response.json()) as T;
  };
  return {
    issuer,
    delay: (ms) => control('POST', `delay?ms=${ms}`),
    grants: (count) => control('POST', `grants?count=${count}`),
    report: () => control('GET', 'report'),
    stop: () => running.stop(),
  };
}
