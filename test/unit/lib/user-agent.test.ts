import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { describeDevice } from '../../../src/lib/user-agent.ts';

const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)';

describe('the description of a device', () => {
  it.each([
    [
      `Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Chrome/131.0.0.0 Safari/537.36`,
      'desktop',
      'Chrome on macOS',
      'Chrome 131',
      'macOS',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
      'mobile',
      'Safari on iOS',
      'Safari 18',
      'iOS',
    ],
    [
      'Mozilla/5.0 (iPad; CPU OS 15_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.6 Mobile/15E148 Safari/604.1',
      'tablet',
      'Safari on iOS',
      'Safari 15',
      'iOS',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0',
      'desktop',
      'Firefox on Windows',
      'Firefox 133',
      'Windows',
    ],
    [
      `Mozilla/5.0 (Linux; Android 10; K) ${webkit} Chrome/131.0.0.0 Mobile Safari/537.36`,
      'mobile',
      'Chrome on Android',
      'Chrome 131',
      'Android',
    ],
    [
      `Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) ${webkit} Chrome/131.0.0.0 Safari/537.36`,
      'desktop',
      'Chrome on Chrome OS',
      'Chrome 131',
      'Chrome OS',
    ],
    ['curl/8.5.0', null, 'curl', 'curl', null],
  ])('names what %s is', (userAgent, deviceType, deviceName, browser, os) => {
    expect(describeDevice(userAgent)).toEqual({ deviceType, deviceName, browser, os });
  });

  it.each([null, '', ' ', '\0', '<script>alert(1)</script>'])('is empty for %j', (userAgent) => {
    expect(describeDevice(userAgent)).toEqual({ deviceType: null, deviceName: null, browser: null, os: null });
  });

  it('fits the columns and can be stored, whatever is sent', () => {
    const real = fc.constantFrom(
      'Mozilla/5.0 ',
      'Chrome/',
      'Opera/9.80 (',
      'Version/',
      'Android',
      ' Googlebot/',
      '/1.0 ',
      '\0',
      '\ud800',
    );
    const sent = fc
      .array(fc.oneof(real, fc.string({ unit: 'binary' })), { maxLength: 12 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(sent, (userAgent) => {
        const { deviceType, deviceName, browser, os } = describeDevice(userAgent);
        expect([null, 'desktop', 'mobile', 'tablet']).toContain(deviceType);
        for (const [text, limit] of [
          [deviceName, 255],
          [browser, 100],
          [os, 100],
        ] as const) {
          if (text === null) continue;
          expect(text.length).toBeLessThanOrEqual(limit);
          expect(text).not.toBe('');
          expect(text.isWellFormed()).toBe(true);
          expect(text).not.toMatch(/\p{Cc}/u);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('reads no more than the beginning of a very long one', () => {
    const long = `Mozilla/5.0 (${'x'.repeat(600)}) Firefox/133.0`;
    expect(describeDevice(long).browser).toBe(describeDevice(long.slice(0, 512)).browser);
    expect(describeDevice('a/'.repeat(1_000_000)).os).toBeNull();
  });
});
