import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { clientAddress, networkKey } from '../../../src/lib/network.ts';

const group = fc.integer({ min: 0, max: 0xffff });
const zeroHeavyGroup = fc.oneof(fc.constant(0), group);
const groups = fc.array(zeroHeavyGroup, { minLength: 8, maxLength: 8 });

/** Spellings of one IPv6 address: padded, upper case, with any one run of zeros left out, its end as dotted decimal. */
function spellings(address: readonly number[]): string[] {
  const plain = address.map((part) => part.toString(16));
  const [high = 0, low = 0] = address.slice(6);
  const dotted = [high >> 8, high & 255, low >> 8, low & 255].join('.');
  const found = [
    plain.join(':'),
    plain
      .map((part) => part.padStart(4, '0'))
      .join(':')
      .toUpperCase(),
    [...plain.slice(0, 6), dotted].join(':'),
  ];
  for (let from = 0; from < 8; from += 1) {
    for (let to = from + 1; to <= 8 && address[to - 1] === 0; to += 1) {
      found.push(`${plain.slice(0, from).join(':')}::${plain.slice(to).join(':')}`);
    }
  }
  return found;
}

const addressOf = (ip: string) => clientAddress(new Headers({ 'cf-connecting-ip': ip }));

describe('the key of a network', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:DB8:0:0:ffff:1:2:3', '2001:db8:0:0::/64'],
    ['2001:db8:0:1::1', '2001:db8:0:1::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:0102:0304', '1.2.3.4'],
    ['0:0:0:0:0:ffff:1.2.3.4', '1.2.3.4'],
  ])('is, for %s, %s', (ip, key) => {
    expect(networkKey(ip)).toBe(key);
  });

  it.each([
    [null],
    [''],
    ['unknown'],
    ['1.2.3'],
    ['1.2.3.4.5'],
    ['1.2.3.256'],
    ['01.2.3.4'],
    ['0x1.2.3.4'],
    ['1.2.3.4 '],
    ['1.2.3.4, 5.6.7.8'],
    [':'],
    [':::'],
    ['1::2::3'],
    ['1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7:8:9'],
    ['::1:2:3:4:5:6:7:8'],
    ['12345::'],
    ['g::'],
    ['fe80::1%eth0'],
    ['[::1]'],
    ['1.2.3.4::'],
    ['::1.2.3.4:5'],
    ['1:2:3:4:5:6:7:1.2.3.4'],
    [':1::2'],
    ['1:'],
    ['::1.2.3.04'],
  ])('is "unknown" for %j', (ip) => {
    expect(networkKey(ip)).toBe('unknown');
  });

  it('is the same for every spelling and every host of a /64 (CVE-2026-45364)', () => {
    fc.assert(
      fc.property(groups, fc.array(group, { minLength: 4, maxLength: 4 }), (address, host) => {
        fc.pre(address.slice(0, 4).some((part) => part !== 0));
        const neighbour = [...address.slice(0, 4), ...host];
        const keys = [...spellings(address), ...spellings(neighbour)].map(networkKey);
        expect(new Set(keys).size).toBe(1);
        expect(keys[0]).not.toBe('unknown');
      }),
    );
  });

  it('differs between two /64', () => {
    fc.assert(
      fc.property(groups, groups, (one, other) => {
        fc.pre(one.slice(0, 4).join() !== other.slice(0, 4).join());
        expect(networkKey(spellings(one)[0] ?? '')).not.toBe(networkKey(spellings(other)[0] ?? ''));
      }),
    );
  });

  it('is given for any text without an error', () => {
    const noise = fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-f:.]{0,40}$/));
    fc.assert(
      fc.property(noise, (text) => {
        expect(networkKey(text)).toMatch(/^(unknown|[0-9.]+|[0-9a-f:]+::\/64)$/);
      }),
    );
  });
});

describe("the caller's address", () => {
  it('is read from cf-connecting-ip alone', () => {
    const forged = {
      'x-forwarded-for': '1.1.1.1',
      'x-real-ip': '1.1.1.1',
      'true-client-ip': '1.1.1.1',
      forwarded: 'for=1.1.1.1',
    };
    expect(clientAddress(new Headers(forged))).toBeNull();
    expect(clientAddress(new Headers({ ...forged, 'cf-connecting-ip': '9.9.9.9' }))).toBe('9.9.9.9');
  });

  it('is null when it is no address', () => {
    expect(addressOf('localhost')).toBeNull();
    expect(addressOf("1.2.3.4'; drop table users")).toBeNull();
  });

  it.each([
    ['2001:0DB8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['1:0:0:0:0:0:0:0', '1::'],
    ['10:0:0:20:0:0:0:30', '10:0:0:20::30'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
  ])('is spelt as RFC 5952 has it: %s as %s', (given, canonical) => {
    expect(addressOf(given)).toBe(canonical);
  });

  it('is spelt in one way that is itself an address', () => {
    fc.assert(
      fc.property(groups, (address) => {
        const all = spellings(address).map(addressOf);
        expect(new Set(all).size).toBe(1);
        expect(addressOf(all[0] ?? '')).toBe(all[0]);
      }),
    );
  });

  it('agrees with the URL parser on IPv6', () => {
    fc.assert(
      fc.property(groups, (address) => {
        const text = spellings(address)[0] ?? '';
        const own = addressOf(text);
        fc.pre(own?.includes(':') ?? false);
        expect(`[${own}]`).toBe(new URL(`http://[${text}]/`).hostname);
      }),
    );
  });
});
