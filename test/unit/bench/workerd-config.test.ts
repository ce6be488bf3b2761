import { describe, expect, it } from 'vitest';
import { parseCredential } from '../../../src/lib/credentials.ts';
import { bearerOf, bearersOf } from '../../../bench/seed.ts';
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

describe('the callers of the benchmark', () => {
  it('carry credentials of the form the service issues', () => {
    expect(parseCredential(bearerOf(123_456))?.kind).toBe('session');
  });

  it('are spread over all users, each once', () => {
    expect(bearersOf(3, 10)).toEqual([bearerOf(1), bearerOf(2), bearerOf(3)]);
    const sample = bearersOf(1_000_000, 4);
    expect(sample).toEqual([bearerOf(1), bearerOf(250_001), bearerOf(500_001), bearerOf(750_001)]);
  });
});
