import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResponseReader } from '../../../bench/load/response-reader.ts';
import { renderRequest } from '../../../bench/load/protocol.ts';

const plain = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello';
const chunked =
  'HTTP/1.1 429 Too Many Requests\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nb\r\n, wide\r\n\r\nor\r\n0\r\n\r\n';
const empty = 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n';

function statusesOf(pieces: readonly Buffer[]): number[] {
  const statuses: number[] = [];
  const reader = new ResponseReader((status) => statuses.push(status));
  for (const piece of pieces) reader.push(piece);
  return statuses;
}

describe('the load generator reading responses', () => {
  it('tells responses of a length, in chunks and without a body apart, however they are cut', () => {
    const stream = Buffer.from(plain + chunked + empty + plain);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: stream.length }), { maxLength: 12 }), (cuts) => {
        const ends = [...cuts, stream.length].toSorted((a, b) => a - b);
        const pieces = ends.map((end, i) => stream.subarray(ends[i - 1] ?? 0, end));
        expect(statusesOf(pieces)).toEqual([200, 429, 204, 200]);
      }),
    );
  });

  it('waits for the whole body before it counts a response', () => {
    expect(statusesOf([Buffer.from(plain.slice(0, -1))])).toEqual([]);
    expect(statusesOf([Buffer.from(chunked.slice(0, -3))])).toEqual([]);
  });
});

describe('the load generator writing requests', () => {
  it('gives the length of a body in bytes', () => {
    const text = renderRequest({ method: 'POST', path: '/a', headers: { x: '1' }, body: '{"n":"é"}' });
    expect(text).toBe(
      'POST /a HTTP/1.1\r\nhost: localhost\r\nx: 1\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{"n":"é"}',
    );
  });
});
