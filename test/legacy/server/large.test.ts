import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectedCredentials } from '../../support/legacy-database.ts';
import { type CommandResult, type LegacyServer, startLegacyServer } from './support.ts';

/** LEGACY_USERS=200000 for the figures of docs/performance.md: 450,000 credentials. */
const USERS = Number(process.env['LEGACY_USERS'] ?? 12_000);

let server: LegacyServer;
beforeAll(async () => {
  server = await startLegacyServer();
});
afterAll(async () => server.close());

const say = ({ seconds, peakMiB }: CommandResult) => `${seconds.toFixed(1)} s, ${peakMiB ?? '?'} MiB`;

async function measure(users: number): Promise<Record<'normalize' | 'verify' | 'rollback', CommandResult>> {
  await server.make({ users });
  const normalize = await server.command('normalize', '--schema', 'dev', '--json');
  expect(normalize, normalize.err).toMatchObject({ code: 0 });
  const { gmail, calendar, signal } = expectedCredentials({ users });
  expect(JSON.parse(normalize.out)).toMatchObject({
    report: { users, integrations: { gmail, google_calendar: calendar, signal }, connections: gmail + calendar },
  });
  const verify = await server.command('verify', '--schema', 'dev', '--all', '--json');
  expect(verify, verify.out).toMatchObject({ code: 0 });
  expect(JSON.parse(verify.out)).toMatchObject({ isComplete: true, compared: { users } });
  const rollback = await server.command('rollback', '--schema', 'dev', '--json');
  expect(rollback, rollback.err).toMatchObject({ code: 0 });
  expect(JSON.parse(rollback.out)).toMatchObject({ report: { changed: 0, removed: { users }, stayed: 0 } });
  expect(await server.differences()).toEqual([]);
  console.log(`${users} users: normalize ${say(normalize)}; verify --all ${say(verify)}; rollback ${say(rollback)}`);
  return { normalize, verify, rollback };
}

it(
  `${USERS} users go and come back, every row identical, and memory does not grow with their number`,
  async () => {
    const quarter = await measure(USERS / 4);
    const whole = await measure(USERS);
    for (const command of ['normalize', 'verify', 'rollback'] as const) {
      const [few, many] = [quarter[command].peakMiB ?? 0, whole[command].peakMiB ?? 0];
      // Four times the rows, in a heap of HEAP_MIB: the difference is how late the collector comes.
      expect(many - few, `${command}: ${few} to ${many} MiB`).toBeLessThan(100);
    }
  },
  USERS * 20 + 120_000,
);
