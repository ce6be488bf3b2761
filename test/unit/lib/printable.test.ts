import { expect, it } from 'vitest';
import { logLine } from '../../../src/http/log.ts';
import { printable, printableJson, printableLines } from '../../../src/lib/printable.ts';

/** Every kind of character that a terminal acts on, and how it is shown. */
const kinds: [string, string][] = [
  ['\u001b[2J', '\\x1b[2J'],
  ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
  ['\u009b31m', '\\x9b31m'],
  ['\u009d52;c;\u009c', '\\x9d52;c;\\x9c'],
  ['a\rb', 'a\\x0db'],
  ['a\nb', 'a\\x0ab'],
  ['a\u0008b', 'a\\x08b'],
  ['a\u0085b', 'a\\x85b'],
  ['a\u007fb', 'a\\x7fb'],
  ['a\u0000b', 'a\\x00b'],
  ['a\u2028b\u2029c', 'a\\u{2028}b\\u{2029}c'],
  ['a\u202eb\u2066c', 'a\\u{202e}b\\u{2066}c'],
  ['a\u200bb\ufeffc', 'a\\u{200b}b\\u{feff}c'],
  ['a\u{e0041}b', 'a\\u{e0041}b'],
  ['a\ud800b', 'a\\u{d800}b'],
];

it.each(kinds)('%j is shown as %s', (text, shown) => {
  expect(printable(text)).toBe(shown);
});

it('what is only text stays as it is, and lines stay lines', () => {
  expect(printable('Zoë, 日本語, 😀, a\tb')).toBe('Zoë, 日本語, 😀, a\tb');
  expect(printableLines('one\n\u001btwo')).toBe('one\n\\x1btwo');
});

it('JSON without such characters reads the same', () => {
  const value = { text: kinds.map(([text]) => text).join(''), list: ['\u{e0041}', '😀'] };
  for (const indent of [undefined, 2]) {
    const json = printableJson(value, indent);
    expect(json.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(JSON.parse(json)).toEqual(value);
  }
});

it('a log line is one line, whatever is in it', () => {
  const lines: string[] = [];
  const { log } = console;
  console.log = (line: string) => void lines.push(line);
  try {
    logLine({ event: 'request', path: kinds.map(([text]) => text).join('') });
  } finally {
    console.log = log;
  }
  expect(lines).toHaveLength(1);
  expect(lines[0]).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'info', event: 'request' });
});
