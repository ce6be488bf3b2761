/** The part of a source map (ECMA-426) that is read here. */
export interface SourceMapJson {
  readonly sources: readonly string[];
  readonly mappings: string;
}

/** A stretch of generated code, and the source it came from; null where the map names none. */
export interface Piece {
  readonly source: string | null;
  readonly code: string;
}

/** Cuts generated code into pieces, in order and without a gap: each mapping holds until the next one. */
export function piecesOf(code: string, map: SourceMapJson): Piece[] {
  const pieces: Piece[] = [];
  let lineStart = 0;
  let from = 0;
  let current: string | null = null;
  // All but the column begin anew on no line: they are differences to the mapping before.
  let source = 0;
  for (const line of map.mappings.split(';')) {
    let column = 0;
    for (const segment of line === '' ? [] : line.split(',')) {
      const [columnDelta = 0, sourceDelta] = decodeVlq(segment);
      column += columnDelta;
      source += sourceDelta ?? 0;
      const next = sourceDelta === undefined ? null : (map.sources[source] ?? null);
      if (next === current) continue;
      const at = lineStart + column;
      if (at > from) pieces.push({ source: current, code: code.slice(from, at) });
      from = at;
      current = next;
    }
    const lineEnd = code.indexOf('\n', lineStart);
    if (lineEnd < 0) break;
    lineStart = lineEnd + 1;
  }
  if (from < code.length) pieces.push({ source: current, code: code.slice(from) });
  return pieces;
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The numbers of a segment: base64 digits of five bits each, the lowest first, a sixth bit where more follow. */
function decodeVlq(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const character of segment) {
    const digit = DIGITS.indexOf(character);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >>> 1) : value >>> 1);
    value = shift = 0;
  }
  return numbers;
}
