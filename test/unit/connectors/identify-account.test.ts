import { describe, expect, it } from 'vitest';
import { apple } from '../../../src/connectors/apple.ts';
import { demo } from '../../../src/connectors/demo.ts';
import { identifyAccount } from '../../../src/connectors/flow.ts';
import { github } from '../../../src/connectors/github.ts';
import { google } from '../../../src/connectors/google.ts';
import { linkedin } from '../../../src/connectors/linkedin.ts';
import { microsoft } from '../../../src/connectors/microsoft.ts';
import { shopify } from '../../../src/connectors/shopify.ts';
import { slack } from '../../../src/connectors/slack.ts';
import type { Connector } from '../../../src/connectors/types.ts';

const person = { sub: 'subject-1', email: 'Ada@example.com', email_verified: true, name: 'Ada' };

/** What the provider is sent, and answers to each address. */
function asking(connector: Connector, answer: (url: string) => Response, parameters: Record<string, string> = {}) {
  const sent: { url: string; headers: Headers }[] = [];
  const fetch = async (url: string, init: RequestInit) => {
    sent.push({ url, headers: new Headers(init.headers) });
    return answer(url);
  };
  return { sent, outcome: identifyAccount(connector, null, { accessToken: 'token-1', parameters, fetch }) };
}

describe('the account of an access token', () => {
  it.each<[string, Connector, string, object]>([
    ['Google', google, 'https://openidconnect.googleapis.com/v1/userinfo', { hd: 'example.com' }],
    ['Microsoft', microsoft, 'https://graph.microsoft.com/oidc/userinfo', {}],
    ['LinkedIn', linkedin, 'https://api.linkedin.com/v2/userinfo', {}],
  ])('is what %s’s UserInfo endpoint says', async (_, connector, url, more) => {
    const { sent, outcome } = asking(connector, () => Response.json({ ...person, ...more }));
    expect(await outcome).toMatchObject({
      kind: 'identified',
      accountId: 'subject-1',
      email: expect.stringMatching(/^ada@/i),
    });
    expect(sent.map((request) => request.url)).toEqual([url]);
    expect(sent[0]?.headers.get('authorization')).toBe('Bearer token-1');
  });

  it('keeps of it what a connection in the browser would', async () => {
    const { outcome } = asking(google, () => Response.json({ ...person, hd: 'example.com', picture: 'x' }));
    expect(await outcome).toMatchObject({
      metadata: { account_id: 'subject-1', email: 'Ada@example.com', hosted_domain: 'example.com' },
    });
  });

  it('is what GitHub’s API says', async () => {
    const { outcome } = asking(github, (url) =>
      Response.json(
        url.endsWith('/emails')
          ? [{ email: 'ada@example.com', primary: true, verified: true }]
          : { id: 7, login: 'ada' },
      ),
    );
    expect(await outcome).toEqual({
      kind: 'identified',
      accountId: '7',
      email: 'ada@example.com',
      metadata: { account_id: '7', login: 'ada' },
    });
  });

  it('is asked at the shop of the grant, and without one of nobody', async () => {
    const answer = () => Response.json({ data: { shop: { id: 'gid://shopify/Shop/12', name: 'Shop' } } });
    const { sent, outcome } = asking(shopify, answer, { shop: 'a.myshopify.com' });
    expect(await outcome).toMatchObject({ kind: 'identified', accountId: '12' });
    expect(sent[0]?.url).toContain('https://a.myshopify.com/');
    const without = asking(shopify, answer);
    expect([await without.outcome, without.sent]).toEqual([{ kind: 'unknown' }, []]);
  });

  it.each([
    ['Slack says it with a code alone', slack],
    ['Apple gives no access', apple],
    ['the provider that is not set up cannot be found', demo],
  ])('cannot be asked where %s', async (_, connector) => {
    const { sent, outcome } = asking(connector, () => Response.json(person));
    expect([await outcome, sent]).toEqual([{ kind: 'unknown' }, []]);
  });

  it.each<[string, Response, object]>([
    ['401', new Response('no', { status: 401 }), { kind: 'refused' }],
    ['403', new Response('no', { status: 403 }), { kind: 'unknown' }],
    ['404', new Response('no', { status: 404 }), { kind: 'unknown' }],
    ['503', new Response('no', { status: 503 }), { kind: 'unreachable', retryAfter: null }],
    [
      '429',
      new Response('no', { status: 429, headers: { 'retry-after': '7200' } }),
      { kind: 'unreachable', retryAfter: 7200 },
    ],
    ['a redirect', new Response(null, { status: 302 }), { kind: 'unreachable', retryAfter: null }],
    ['a page', new Response('<p>Hello</p>'), { kind: 'unknown' }],
    ['nobody', Response.json({ ...person, sub: '' }), { kind: 'unknown' }],
  ])('is, after %s, no account', async (_, answer, expected) => {
    expect(await asking(google, () => answer).outcome).toEqual(expected);
  });

  it('is unreachable while the network is', async () => {
    const outcome = asking(google, () => {
      throw new TypeError('Network connection lost.');
    }).outcome;
    expect(await outcome).toEqual({ kind: 'unreachable', retryAfter: null });
  });
});
