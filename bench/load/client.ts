import { fileURLToPath } from 'node:url';
import { start } from '../support/processes.ts';
import type { LoadJob, LoadResult } from './protocol.ts';

/** The load process. One job at a time. */
export interface LoadProcess {
  perform(job: LoadJob): Promise<LoadResult>;
  stop(): Promise<void>;
}

export function startLoadProcess(): LoadProcess {
  const script = fileURLToPath(new URL('./generator.ts', import.meta.url));
  const { child, stop } = start(process.execPath, [script], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return {
    stop,
    perform: (job) =>
      new Promise((done, refuse) => {
        const onExit = (): void => refuse(new Error('The load process has ended.'));
        child.once('exit', onExit);
        child.once('message', (message) => {
          child.off('exit', onExit);
          const { result, failure } = message as { result?: LoadResult; failure?: string };
          if (result) done(result);
          else refuse(new Error(failure ?? 'The load process failed.'));
        });
        child.send(job);
      }),
  };
}
