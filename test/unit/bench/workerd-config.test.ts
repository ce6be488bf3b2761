import { describe, expect, it } from 'vitest';
import { renderConfig } from '../../../bench/support/workerd.ts';

describe('the configuration of workerd', () => {
  it('binds settings, objects and rate limits, and quotes what they hold', () => {
    const config = renderConfig(
      {
        name: 'gatehouse',
        folder: '/tmp/x',
        script: 'worker.js',
        compatibilityDate: '2026-11-01',
        compatibilityFlags: ['a_flag'],
        settings: { SECRET: 'quote " and \\ backslash' },
        objects: { RATE_LIMITER: 'RateLimiter' },
        rateLimits: { CALLS: 60 },
      },
      8123,
    );
    expect(config).toContain('address = "127.0.0.1:8123"');
    expect(config).toContain('(name = "SECRET", text = "quote \\" and \\\\ backslash")');
    expect(config).toContain('(name = "RATE_LIMITER", durableObjectNamespace = "RateLimiter")');
    expect(config).toContain('(className = "RateLimiter", uniqueKey = "RateLimiter", enableSql = true)');
    expect(config).toMatch(/name = "CALLS", wrapped = .*name = "period", json = "60"/);
    expect(config).toContain('compatibilityFlags = ["a_flag"]');
  });
});
