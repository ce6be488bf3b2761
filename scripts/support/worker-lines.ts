import type { Readable } from 'node:stream';
import { printable } from '../../src/lib/printable.ts';

/** Reads a program's output line by line; a line may come in several pieces. Empty ones are left out. */
export function eachLine(stream: Readable, take: (line: string) => void): void {
  let rest = '';
  const takeAll = (lines: string[]) => lines.filter((line) => line.trim()).forEach(take);
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = `${rest}${chunk}`.split('\n');
    rest = lines.pop() ?? '';
    takeAll(lines);
  });
  stream.once('end', () => takeAll([rest]));
}

/**
 * How `npm run dev` shows a line of somebody else's: always behind the name of who wrote it, and never more than one
 * line. Nothing in it reaches the terminal as an escape sequence, and two blanks in a row are shown as what they are:
 * so that no request writes what looks like a line of our own, such as a token to use, not by wrapping either.
 */
export function relayedLine(from: string, text: string): string {
  const shown = printable(text.trim())
    .replace(/[^\S ]|[\u2800\u3164\uffa0]/g, (blank) => `\\u{${blank.charCodeAt(0).toString(16)}}`)
    .replace(/ {2,}/g, (blanks) => '\\x20'.repeat(blanks.length));
  return `${from.padEnd(8)}${shown}`;
}

/** Wrangler has esbuild colour its warnings, whatever FORCE_COLOR says. Our own log lines hold no such sequence. */
// oxlint-disable-next-line no-control-regex -- an escape sequence begins with one
const COLOURS = /\u001b\[[\d;]*m/g;

/**
 * A line of the Worker's or wrangler's output as `npm run dev` shows it, or null when it tells a person nothing: our
 * JSON log lines become words, wrangler's own chatter stays away, its warnings and errors stay.
 */
export function readableLine(line: string): string | null {
  const entry = parseLogLine(line);
  if (!entry) {
    const text = line.replace(COLOURS, '');
    return /\b(warn|error)\b|ERROR|^✘|^▲|^\s+at |Reloading|Error:/i.test(text) ? text : null;
  }
  const { event, level, requestId: _, ...fields } = entry;
  if (event === 'request')
    return `${String(fields.status)} ${String(fields.method)} ${String(fields.path)} ${String(fields.ms)} ms`;
  const words = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [level === 'info' ? '' : String(level).toUpperCase(), String(event), ...words].filter(Boolean).join(' ');
}

function parseLogLine(line: string): Record<string, unknown> | null {
  if (!line.startsWith('{"level"')) return null;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return null;
  }
}
