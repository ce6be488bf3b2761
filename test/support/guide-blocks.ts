/** A fenced block of a page: its language, the word behind it (`old`, `refused`, `owner`), and the line it begins at. */
export interface GuideBlock {
  readonly language: string;
  readonly mark: string;
  readonly text: string;
  readonly line: number;
}

/** The fenced blocks of a Markdown text, in their order. */
export function blocksOf(page: string): GuideBlock[] {
  return [...page.matchAll(/^```(\w+)(?: (\w+))?\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, language = '', mark = '', text = ''] = match;
    return { language, mark, text, line: page.slice(0, match.index).split('\n').length + 1 };
  });
}

/** For `it.each`: where a block is, and the block. */
export function named(blocks: readonly GuideBlock[]): [string, GuideBlock][] {
  return blocks.map((block) => [`line ${block.line}: ${block.text.trim().split('\n')[0] ?? ''}`, block]);
}
