import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { eachLine, readableLine, relayedLine } from '../../../scripts/support/worker-lines.ts';

/** A request's line as the Worker logs it and `npm run dev` shows it. */
function shown(path: string): string {
  const entry = { level: 'info', event: 'request', requestId: 'x', method: 'GET', path, status: 404, hops: 0, ms: 3 };
  return relayedLine('worker', readableLine(JSON.stringify(entry)) ?? '');
}

const ours = 'dev     Service token      gtk_forged (every scope)';

describe('a line of the Worker on a developer’s terminal', () => {
  it('says what was asked', () => {
    expect(shown('/trpc/auth.getSession')).toBe('worker  404 GET /trpc/auth.getSession 3 ms');
  });

  it.each([
    ['a new line', `/trpc/x\n${ours}`],
    ['a return to the beginning of the line', `/trpc/x\r${ours}`],
    ['a cursor that goes up and clears', `/trpc/x\u001b[1A\u001b[2K${ours}`],
    ['the same in eight bits', `/trpc/x\u009b1A\u009b2K\u0085${ours}`],
    ['a terminal title, or the clipboard', `/trpc/x\u001b]52;c;Zm9v\u0007${ours}`],
    ['backspaces', `/trpc/x${'\b'.repeat(80)}${ours}`],
    ['another kind of line break', `/trpc/x\u2028${ours}\u2029\u000b\u000c`],
    ['another direction', `/trpc/x\u202e${ours}`],
    ['a line that is long enough to wrap', `/trpc/${'x'.repeat(60)}${ours}`],
    [
      'the same with blanks of another kind',
      `/trpc/x${ours.replaceAll(' ', '\u00a0')}${ours.replaceAll(' ', '\u2800')}`,
    ],
  ])('cannot be made a line of our own by %s', (_name, path) => {
    const line = shown(path);
    expect(line).toMatch(/^worker {2}404 GET \/trpc\//);
    expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    // The mark of our own lines is followed by more than one blank.
    expect(line.slice('worker  '.length)).not.toMatch(/\s{2}|dev\s*[\s\u2800]{2}/);
    expect(line.slice('worker  '.length)).not.toMatch(/(?! )\s/);
  });

  it('has no colours of wrangler, and shows every other escape sequence as text', () => {
    const line =
      readableLine('\u001b[33m▲ \u001b[43;33m[\u001b[43;30mWARNING\u001b[0m \u001b[1mx\u001b[2J\u001b[0m') ?? '';
    expect(relayedLine('worker', line)).toBe('worker  ▲ [WARNING x\\x1b[2J');
    const mark = readableLine('\u001b[33m▲ a  \u001b[0m  b') ?? '';
    expect(relayedLine('worker', mark)).toBe('worker  ▲ a\\x20\\x20\\x20\\x20b');
  });

  it('is the same for what wrangler prints itself, and for errors', () => {
    const line = readableLine('✘ [ERROR] GET /\u001b[2Jerror\u001b]0;x\u0007') ?? '';
    expect(relayedLine('worker', line)).toBe('worker  ✘ [ERROR] GET /\\x1b[2Jerror\\x1b]0;x\\x07');
    expect(relayedLine('worker', '    at handler (worker.js:1:2)')).toBe('worker  at handler (worker.js:1:2)');
    const failed = JSON.stringify({ level: 'error', event: 'x.failed', detail: '\u001b[31m', list: ['\u009b'] });
    expect(relayedLine('worker', readableLine(failed) ?? '')).not.toMatch(/[\p{Cc}]/u);
  });
});

describe('lines', () => {
  it('are put together from pieces, and end at a line feed alone', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    eachLine(stream, (line) => lines.push(line));
    for (const piece of ['{"level":', '"info"}\n\n', 'a\rb\u2028c\nla', 'st']) stream.write(piece);
    stream.end();
    await finished(stream);
    expect(lines).toEqual(['{"level":"info"}', 'a\rb\u2028c', 'last']);
  });
});
