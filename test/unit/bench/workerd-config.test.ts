import { describe, expect, it } from 'vitest';
import { renderConfig } from '../../../bench/support/workerd-config.ts';

describe('the configuration of workerd', () => {
  it('binds settings, objects and rate limits, and quotes what they hold', () => {
    const config = renderConfig(
      {
        folder: '/tmp/x',
        compatibilityDate: '2026-11-01',
        compatibilityFlags: ['a_flag'],
        settings: { SECRET: 'quote " and \\ backslash' },
        objects: { RATE_LIMITER: 'RateLimiter' },
        rateLimits: { CALLS: 60 },
      },
      { http: 8123 },
    );
    expect(config).toContain('address = "127.0.0.1:8123"');
    expect(config).toContain('(name = "SECRET", text = "quote \\" and \\\\ backslash")');
    expect(config).toContain('(name = "RATE_LIMITER", durableObjectNamespace = "RateLimiter")');
    expect(config).toContain('(className = "RateLimiter", uniqueKey = "RateLimiter", enableSql = true)');
    expect(config).toMatch(/name = "CALLS", wrapped = .*name = "period", json = "60"/);
    expect(config).toContain('compatibilityFlags = ["a_flag"]');
  });

  it('binds queues to where they send, and opens a door for events where that is asked for', () => {
    const worker = { folder: '/tmp/x', compatibilityDate: '2026-11-01', compatibilityFlags: [], settings: {} };
    const config = renderConfig({ ...worker, queues: { JOBS: '127.0.0.1:9000' } }, { http: 8123, events: 8124 });
    expect(config).toContain('(name = "queue:JOBS", external = (address = "127.0.0.1:9000", http = ()))');
    expect(config).toContain('(name = "JOBS", queue = "queue:JOBS")');
    expect(config).toContain('(name = "events", address = "127.0.0.1:8124", http = (), service = "events")');
    expect(config).toContain('bindings = [(name = "WORKER", service = "main")]');
    expect(renderConfig(worker, { http: 8123 })).not.toContain('events');
  });
});
