import { readFileSync, writeFileSync } from 'node:fs';
import type { Section } from './sections.ts';
import { markdownTable } from './table.ts';

const BEGIN = '<!-- figures: written by `npm run bench -- --write-docs` -->';
const END = '<!-- end of figures -->';

/** Replaces the figures of a document and leaves its prose. */
export function replaceFigures(document: string, sections: readonly Section[], machine: string): string {
  const begin = document.indexOf(BEGIN);
  const end = document.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`The document must hold the lines "${BEGIN}" and "${END}".`);
  const figures = sections.map(
    ({ title, note, head, lines }) =>
      `### ${title}\n\n${note === undefined ? '' : `${note}\n\n`}${markdownTable(head, lines)}\n`,
  );
  return `${document.slice(0, begin)}${BEGIN}\n\n${machine}\n\n${figures.join('\n')}\n${document.slice(end)}`;
}

export function writeFigures(file: string, sections: readonly Section[], machine: string): void {
  writeFileSync(file, replaceFigures(readFileSync(file, 'utf8'), sections, machine));
}
