/** Columns aligned for a terminal: figures to the right, words to the left. */
export function textTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const columns = head.map((title, i) => {
    const cells = lines.map((line) => line[i] ?? '');
    const width = Math.max(title.length, ...cells.map((cell) => cell.length));
    return { width, isWords: cells.some((cell) => /^[^\d-]/.test(cell)) };
  });
  const render = (line: readonly string[]) =>
    columns
      .map(({ width, isWords }, i) => (isWords ? (line[i] ?? '').padEnd(width) : (line[i] ?? '').padStart(width)))
      .join('  ')
      .trimEnd();
  return [render(head), columns.map(({ width }) => '-'.repeat(width)).join('  '), ...lines.map(render)].join('\n');
}

/** The same as Markdown. */
export function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string {
  const render = (line: readonly string[]) => `| ${line.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [render(head), `|${head.map((_, i) => (i === 0 ? ' --- |' : ' ---: |')).join('')}`, ...lines.map(render)].join(
    '\n',
  );
}

/** Milliseconds with as many places as mean something. */
export function ms(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

export function times(ratio: number | undefined): string {
  return ratio === undefined ? '' : `${ratio.toFixed(2)}×`;
}

/** A count per request: whole where it is whole. */
export function count(value: number): string {
  return Math.abs(value - Math.round(value)) < 0.005 ? String(Math.round(value)) : value.toFixed(2);
}
