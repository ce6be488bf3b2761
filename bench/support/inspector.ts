/** A node of V8's CPU profile (Chrome DevTools Protocol, `Profiler.ProfileNode`). */
export interface ProfileNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    /** Counted from 0. */
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
}

/** `Profiler.Profile`; times in microseconds. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

/** Records what the Worker behind an inspector port does while `work` runs. */
export async function recordCpuProfile(inspectorPort: number, work: () => Promise<unknown>): Promise<CpuProfile> {
  const socket = await openSocket(inspectorPort);
  try {
    const send = sender(socket);
    await send('Profiler.enable');
    await send('Profiler.setSamplingInterval', { interval: 200 });
    await send('Profiler.start');
    await work();
    const { profile } = (await send('Profiler.stop')) as { profile?: CpuProfile };
    if (!profile) throw new Error('workerd gave no CPU profile.');
    return profile;
  } finally {
    socket.close();
  }
}

async function openSocket(port: number): Promise<WebSocket> {
  const response = await fetch(`http://127.0.0.1:${port}/json`);
  const targets = (await response.json()) as { webSocketDebuggerUrl?: string; id?: string }[];
  const url = targets.find(({ id }) => id === 'main')?.webSocketDebuggerUrl ?? targets[0]?.webSocketDebuggerUrl;
  if (!url) throw new Error('workerd offers nothing to inspect.');
  const socket = new WebSocket(url);
  await new Promise((done, refuse) => {
    socket.addEventListener('open', done, { once: true });
    socket.addEventListener('error', () => refuse(new Error(`The inspector at ${url} refused.`)), { once: true });
  });
  return socket;
}

/** Sends one command after another and waits for the answer of each; events in between are passed over. */
function sender(socket: WebSocket): (method: string, params?: object) => Promise<unknown> {
  let last = 0;
  return (method, params = {}) => {
    last += 1;
    const id = last;
    return new Promise((done, refuse) => {
      const late = setTimeout(() => refuse(new Error(`The inspector did not answer ${method} within 30 s.`)), 30_000);
      const onMessage = ({ data }: MessageEvent): void => {
        const answer = JSON.parse(String(data)) as { id?: number; result?: unknown; error?: { message: string } };
        if (answer.id !== id) return;
        clearTimeout(late);
        socket.removeEventListener('message', onMessage);
        if (answer.error) refuse(new Error(`${method}: ${answer.error.message}`));
        else done(answer.result);
      };
      socket.addEventListener('message', onMessage);
      socket.send(JSON.stringify({ id, method, params }));
    });
  };
}
