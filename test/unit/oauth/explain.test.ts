import { describe, expect, it } from 'vitest';
import type { StoredFailure } from '../../../src/db/schema/oauth.ts';
import { explain } from '../../../src/domain/oauth/explain.ts';
import { ConnectionExplained, type ConnectionView } from '../../../src/domain/oauth/views.ts';
import { newId } from '../../../src/lib/ids.ts';

const connection: ConnectionView = {
  id: newId(),
  connector: 'demo',
  accountId: 'ada',
  account: {},
  isPrimary: false,
  status: 'active',
  scopes: ['openid'],
  missingScopes: [],
  expiresAt: null,
  grantedAt: '2026-01-01T00:00:00.000Z',
  lastRefreshAt: null,
  lastUsedAt: null,
  failingSince: null,
};
// As PostgreSQL spells times inside JSON.
const at = '2026-03-01T10:00:00.123456+02:00';
const failure: StoredFailure = { class: 'transient', code: 'http_503', status: 503, at };
const healthy = { connection, lastFailure: null, failureCount: 0, nextRefreshAt: null, paused: null, events: [] };

describe('the evidence of a connection comes to', () => {
  it('healthy, when there is none', () => {
    expect(explain(healthy)).toMatchObject({ health: 'healthy', failure: null, attempts: 0 });
  });

  it('failing, with what happened and when, once a refresh did not work', () => {
    const explained = explain({ ...healthy, lastFailure: failure, failureCount: 3 });
    expect(explained).toMatchObject({ health: 'failing', attempts: 3 });
    expect(explained.failure).toEqual({ ...failure, at: '2026-03-01T08:00:00.123Z' });
  });

  it('paused, when the provider is left alone: by its fault or by ours', () => {
    const down = explain({
      ...healthy,
      lastFailure: failure,
      paused: { openUntil: at, class: 'transient', code: 'x' },
    });
    const ours = explain({ ...healthy, paused: { openUntil: at, class: 'configuration', code: 'invalid_client' } });
    expect([down.health, ours.health]).toEqual(['paused', 'paused']);
    expect(down.summary).toContain('does not answer');
    expect(ours.summary).toContain('client');
    expect(down.paused?.openUntil).toBe('2026-03-01T08:00:00.123Z');
  });

  it.each([
    ['expired', 'run out'],
    ['revoked', 'revoked there'],
    ['error', 'cannot be used'],
  ] as const)('needs_reauthorization, when it is %s, whatever else is the matter', (status, word) => {
    const paused = { openUntil: at, class: 'transient', code: 'x' };
    const explained = explain({ ...healthy, connection: { ...connection, status }, lastFailure: failure, paused });
    expect(explained.health).toBe('needs_reauthorization');
    expect(explained.summary).toContain(word);
  });

  it('what the API says it is, and no more of the failure than that', () => {
    const stored = { ...failure, afterUnanswered: true, description: 'a text of the provider' };
    const explained = explain({ ...healthy, lastFailure: stored, nextRefreshAt: '2026-03-01T08:01:00.000Z' });
    expect(ConnectionExplained.parse(explained)).toEqual(explained);
    expect(JSON.stringify(explained)).not.toContain('a text of the provider');
  });
});
