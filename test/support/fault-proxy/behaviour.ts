import type { ServerResponse } from 'node:http';
import { sendMadeUp, sendUpstream } from './answers.ts';
import type { Fault } from './rules.ts';
import type { Upstream } from './upstream.ts';

/** What a fault works on. */
export interface Behaviour {
  /** Passes the request on to the provider. */
  ask(): Promise<Upstream>;
  /** The fault happens now. */
  meet(): void;
  readonly response: ServerResponse;
}

/** Does what the fault says. */
export async function behave(fault: Fault, { ask, meet, response }: Behaviour): Promise<void> {
  switch (fault.kind) {
    case 'refuse':
      meet();
      return void response.destroy();
    case 'drop_after_commit':
      await ask();
      meet();
      return void response.destroy();
    case 'delay': {
      const isBefore = fault.where === 'request';
      const early = isBefore ? null : await ask();
      meet();
      const isHere = await stays(response, fault.ms);
      return isHere ? sendUpstream(response, early ?? (await ask()), fault) : undefined;
    }
    case 'pass':
    case 'form':
    case 'reshape': {
      const upstream = await ask();
      meet();
      return sendUpstream(response, upstream, fault);
    }
    default:
      if (fault.isCommitted) await ask();
      meet();
      return sendMadeUp(response, fault);
  }
}

/** Waits that long, or until the client goes: then false. */
function stays(response: ServerResponse, ms: number): Promise<boolean> {
  if (response.destroyed) return Promise.resolve(false);
  return new Promise((done) => {
    const gone = () => (clearTimeout(timer), done(false));
    const timer = setTimeout(() => (response.off('close', gone), done(true)), ms);
    response.once('close', gone);
  });
}
