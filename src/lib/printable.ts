/**
 * What a terminal or a log reader may act on instead of showing it: control characters (C0, DEL, C1: escape sequences
 * begin with one), format characters (direction overrides, zero width), line and paragraph separators, half characters.
 */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/**
 * A text from outside as one line of a terminal: such characters become visible (`\x1b`, `\u{202e}`), a line break too.
 * A tab stays.
 */
export function printable(text: string): string {
  return text.replace(unprintable, (character) => (character === '\t' ? character : visible(character)));
}

/** The same for a text of several lines, which stay lines. */
export function printableLines(text: string): string {
  return text.split('\n').map(printable).join('\n');
}

/** JSON without such characters: `JSON.stringify` escapes C0 alone. It reads the same. */
export function printableJson(value: unknown, indent?: number): string {
  // Line breaks of the indentation are the only control characters that are not inside of a string.
  return JSON.stringify(value, null, indent).replace(unprintable, (character) =>
    character === '\n' ? character : [...unitsOf(character)].join(''),
  );
}

function visible(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
}

function* unitsOf(character: string): Generator<string> {
  for (let i = 0; i < character.length; i += 1) yield `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
}
