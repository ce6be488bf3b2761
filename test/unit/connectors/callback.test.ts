import { describe, expect, it } from 'vitest';
import { readCallback } from '../../../src/connectors/flow.ts';
import { AppError } from '../../../src/errors.ts';
import { STATE } from './support/provider.ts';

const read = (query: string) => readCallback(new URLSearchParams(query));
const good = `code=c-1&state=${STATE}`;

function refusalOf(query: string): unknown {
  try {
    return read(query);
  } catch (error) {
    return error instanceof AppError ? error.code : error;
  }
}

describe('what the browser brings back', () => {
  it('is read when it is one answer', () => {
    const answer = { state: STATE, code: 'c-1', issuer: null, refusal: null, user: null };
    expect(read(good)).toEqual(answer);
    expect(read(`${good}&iss=https%3A%2F%2Fa.example&user=%7B%7D&scope=a+b&authuser=0`)).toEqual({
      ...answer,
      issuer: 'https://a.example',
      user: '{}',
    });
  });

  it.each(['access_denied', 'user_cancelled_authorize', 'user_cancelled_login'])(
    'tells that the person said no: %s',
    (error) => expect(read(`error=${error}&state=${STATE}`).refusal).toBe('provider.denied'),
  );

  it.each(['server_error', 'invalid_scope', 'redirect_uri_mismatch', '<script>'])(
    'tells that the provider said no: %s',
    (error) => expect(read(`error=${encodeURIComponent(error)}&state=${STATE}`).refusal).toBe('provider.refused'),
  );

  // CVE-2025-71404: an error text in the address was written into a page.
  it('holds no text of the provider', () => {
    const text = '<script>alert(1)</script>';
    const query = new URLSearchParams({ error: text, error_description: text, error_uri: text, state: STATE });
    expect(JSON.stringify(readCallback(query))).not.toContain('script');
  });

  it.each([
    ['a state twice', `${good}&state=${STATE}`],
    ['a code twice', `${good}&code=c-2`],
    ['an issuer twice', `${good}&iss=a&iss=a`],
    ['anything else twice', `${good}&scope=a&scope=b`],
    ['an error twice', `error=a&error=a&state=${STATE}`],
    ['both a code and an error', `${good}&error=access_denied`],
    ['neither a code nor an error', `state=${STATE}`],
    ['an empty code', `code=&state=${STATE}`],
    // CVE-2026-81888: an omitted state passed.
    ['no state', 'code=c-1'],
    ['an empty state', 'code=c-1&state='],
    ['a short state', 'code=c-1&state=abc'],
    ['a state that is none of ours', `code=c-1&state=${'a'.repeat(42)}%00`],
    ['a state too long', `code=c-1&state=${'a'.repeat(129)}`],
    ['a code too long', `code=${'c'.repeat(4097)}&state=${STATE}`],
    ['too many parameters', `${good}&${Array.from({ length: 31 }, (_, index) => `p${index}=1`).join('&')}`],
    ['nothing', ''],
  ])('is refused with %s', (_, query) => expect(refusalOf(query)).toBe('provider.answer_invalid'));
});
