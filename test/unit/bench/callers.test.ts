import { describe, expect, it } from 'vitest';
import { rows } from '../../../bench/rows.ts';
import { callersOf, userIdOf } from '../../../bench/seed.ts';
import { parseCredential } from '../../../src/lib/credentials.ts';

const kindOf = (secret: string) => parseCredential(secret)?.kind;

describe('the callers of the benchmark', () => {
  it('carry a session and an API token each, of the form the service issues, and no two the same', async () => {
    const { sessions, tokens } = await callersOf(1_000_000, 3);
    expect(sessions.map(kindOf)).toEqual(['session', 'session', 'session']);
    expect(tokens.map(kindOf)).toEqual(['token', 'token', 'token']);
    expect(new Set([...sessions, ...tokens]).size).toBe(6);
  });

  it('are spread over all users, each once', async () => {
    expect((await callersOf(3, 10)).users).toEqual([1, 2, 3]);
    expect((await callersOf(1_000_000, 4)).users).toEqual([1, 250_001, 500_001, 750_001]);
  });

  it('make one and the same call by session and by API token', async () => {
    const callers = await callersOf(2);
    const [session, token] = ['session', 'token'].map((name) =>
      rows.find((row) => row.name === name)?.requests(callers),
    );
    const [secret = '', other = ''] = [callers.sessions[1], callers.tokens[1]];
    expect(session?.[1]).toContain(`Bearer ${secret}\r\n`);
    expect(token?.[1]).toBe(session?.[1]?.replace(secret, other));
  });

  it('ask for a provider token of their own, each by their session', async () => {
    const callers = await callersOf(2);
    const requests = rows.find(({ name }) => name === 'fresh-token')?.requests(callers) ?? [];
    const inputs = requests.map((request) => {
      const query = /^GET \/trpc\/oauth\.connections\.getToken\?input=(\S+)/.exec(request)?.[1] ?? '';
      return JSON.parse(decodeURIComponent(query)) as unknown;
    });
    expect(inputs).toEqual([1, 2].map((user) => ({ userId: userIdOf(user), connector: 'demo' })));
    expect(callers.sessions.every((session, i) => requests[i]?.includes(`Bearer ${session}\r\n`))).toBe(true);
  });

  it('have ids of the form the service makes', () => {
    expect(userIdOf(1)).toMatch(/^018bcfe5-[0-9a-f]{4}-7[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set([1, 2, 3].map(userIdOf)).size).toBe(3);
  });
});
