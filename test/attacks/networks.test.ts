import { describe, expect, it } from 'vitest';
import { call, newAddress } from '../support/worker.ts';
import { from, newEmail } from './support.ts';

describe('a network', () => {
  const sends = async (addresses: readonly string[]) => {
    const answers = [];
    for (const address of addresses) {
      answers.push((await call('auth.requestMagicLink', { email: newEmail() }, { headers: from(address) })).status);
    }
    return answers;
  };
  const group = () => Math.floor(Math.random() * 0xefff + 0x1000).toString(16);

  it('CVE-2026-45364: of IPv6 counts once, whichever of its addresses calls', async () => {
    const prefix = `2001:db8:${group()}:${group()}`;
    const addresses = ['1', '2', 'ffff:ffff:ffff:ffff', 'a:b:c:d', 'dead:beef:0:1', '3'];
    const spelled = addresses.map((end) => (end.includes(':') ? `${prefix}:${end}` : `${prefix}::${end}`));
    expect(await sends(spelled)).toEqual([200, 200, 200, 200, 200, 429]);
    expect(await sends([`2001:db8:${group()}:${group()}::1`])).toEqual([200]);
  });

  it('CVE-2026-45364: counts once in every spelling of an address', async () => {
    const [a, b] = [group(), group()];
    const zeros = `2001:0db8:${a}:${b}:0000:0000:0000:0001`;
    const short = `2001:db8:${a}:${b}::1`;
    const spelled = [zeros, short, zeros.toUpperCase(), short.toUpperCase(), `2001:db8:${a}:${b}:0::1`];
    expect(await sends([...spelled, `2001:db8:${a}:${b}::0.0.0.1`])).toEqual([200, 200, 200, 200, 200, 429]);
    const ip = newAddress();
    expect(await sends([ip, `::ffff:${ip}`, ip, `::FFFF:${ip}`, `0:0:0:0:0:ffff:${ip}`, ip])).toEqual([
      ...Array.from({ length: 5 }, () => 200),
      429,
    ]);
  });

  it('CVE-2026-45364: is not what a caller says it is', async () => {
    const address = newAddress();
    const answers = [];
    for (let i = 0; i < 6; i += 1) {
      const said = newAddress();
      const headers = { 'x-forwarded-for': said, 'x-real-ip': said, forwarded: `for=${said}`, 'true-client-ip': said };
      const options = { headers: { ...headers, ...from(address) } };
      answers.push((await call('auth.requestMagicLink', { email: newEmail() }, options)).status);
    }
    expect(answers).toEqual([200, 200, 200, 200, 200, 429]);
  });
});
