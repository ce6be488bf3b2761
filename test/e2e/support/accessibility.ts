import type { Page } from 'playwright-core';

/** What a page does that keeps people out, one sentence each; empty when nothing was found. */
export async function findBarriers(page: Page): Promise<string[]> {
  return [...(await page.evaluate(structure)), ...(await page.evaluate(names)), ...(await page.evaluate(contrast))];
}

/** Runs in the page: language, landmarks, headings, references between elements, and room at any width. */
function structure(): string[] {
  const found: string[] = [];
  const all = (selector: string) =>
    Array.from(document.querySelectorAll<HTMLElement>(selector)).filter((element) => element.checkVisibility());
  if (!document.documentElement.lang) found.push('The page has no language.');
  if (!document.title.trim()) found.push('The page has no title.');
  if (all('main').length !== 1) found.push(`There are ${all('main').length} main landmarks.`);
  if (all('h1').length !== 1) found.push(`There are ${all('h1').length} headings of level 1.`);
  const levels = all('h1, h2, h3, h4').map((heading) => Number(heading.tagName.slice(1)));
  levels.forEach((level, index) => {
    if (level > (levels[index - 1] ?? 0) + 1) found.push(`Heading ${index + 1} skips to level ${level}.`);
  });
  const ids = Array.from(document.querySelectorAll('[id]'), (element) => element.id);
  if (new Set(ids).size !== ids.length) found.push('An id is there twice.');
  for (const element of all('[aria-describedby], [aria-labelledby]')) {
    const references = `${element.getAttribute('aria-describedby') ?? ''} ${element.getAttribute('aria-labelledby') ?? ''}`;
    const missing = references.split(' ').filter((id) => id && !document.getElementById(id));
    if (missing.length > 0) found.push(`${element.tagName} refers to ${missing.join(' ')}, which is not there.`);
  }
  if (document.documentElement.scrollWidth > innerWidth)
    found.push(`The page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}.`);
  return found;
}

/** Runs in the page: everything that can be operated has a name. */
function names(): string[] {
  const visible = (element: HTMLElement) => element.checkVisibility();
  const fields = Array.from(
    document.querySelectorAll<HTMLInputElement>('input:not([type=hidden]), select, textarea'),
  ).filter(visible);
  const unnamed = fields.filter((field) => !Array.from(field.labels ?? []).some((label) => label.innerText.trim()));
  const controls = Array.from(document.querySelectorAll<HTMLElement>('a[href], button')).filter(visible);
  const silent = controls.filter((control) => !(control.getAttribute('aria-label') ?? control.innerText).trim());
  return [
    ...unnamed.map((field) => `The field "${field.name}" has no label.`),
    ...silent.map((control) => `A ${control.tagName} has no name.`),
  ];
}

/** Runs in the page: text against what is behind it (WCAG 2.2, 1.4.3: 4.5:1, large text 3:1). */
function contrast(): string[] {
  const channels = (color: string) => (color.match(/[\d.]+/g) ?? []).map(Number);
  const linear = (value: number) =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const luminance = ([r = 0, g = 0, b = 0]: number[]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
  const behind = (element: Element | null): number[] => {
    for (let at = element; at; at = at.parentElement) {
      const color = channels(getComputedStyle(at).backgroundColor);
      if ((color[3] ?? 1) === 1) return color;
    }
    return [255, 255, 255];
  };
  const found = new Set<string>();
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = texts.nextNode(); node; node = texts.nextNode()) {
    const element = node.parentElement;
    if (!element || !node.textContent?.trim() || !element.checkVisibility() || element.closest('option, .skip'))
      continue;
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const size = Number.parseFloat(fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && Number(fontWeight) >= 700);
    const [dark = 0, light = 0] = [luminance(channels(color)), luminance(behind(element))].toSorted((a, b) => a - b);
    const ratio = (light + 0.05) / (dark + 0.05);
    if (ratio < (isLarge ? 3 : 4.5))
      found.add(`"${node.textContent.trim().slice(0, 40)}" has a contrast of ${ratio.toFixed(2)}.`);
  }
  return [...found];
}
