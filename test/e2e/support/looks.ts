import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { expect } from 'vitest';
import { findBarriers } from './accessibility.ts';
import { newPerson, type Person } from './browser.ts';

const pictures = 'artifacts/pages';

/** How people look at pages: by name, what their browser is told. */
export const looks: readonly (readonly [string, BrowserContextOptions])[] = [
  ['light', { colorScheme: 'light', viewport: { width: 1280, height: 800 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 800 } }],
  ['narrow', { colorScheme: 'light', viewport: { width: 320, height: 640 } }],
];

export interface Visitor extends Person {
  /** Looks for what keeps people out of the page, and takes a picture of it by that name. */
  visit(name: string): Promise<void>;
  /** Expects that nothing kept them out and no browser complained, and closes it. */
  conclude(): Promise<void>;
}

let visitors = 0;

/** Somebody with these looks, at a network of their own. */
export async function newVisitor(browser: Browser, url: string, look: string): Promise<Visitor> {
  mkdirSync(pictures, { recursive: true });
  const options = looks.find(([name]) => name === look)?.[1];
  const person = await newPerson(browser, url, { ...options, extraHTTPHeaders: undefined });
  visitors += 1;
  await person.context.setExtraHTTPHeaders({ 'cf-connecting-ip': `2001:db8:${visitors}::1` });
  const barriers: Record<string, string[]> = {};
  const visit = async (name: string) => {
    barriers[name] = await findBarriers(person.page);
    await person.page.screenshot({ path: `${pictures}/${look}-${name}.png`, fullPage: true });
  };
  const conclude = async () => {
    expect(Object.entries(barriers).filter(([, found]) => found.length > 0)).toEqual([]);
    // A refused form is a page with a 4xx status, which Chromium notes.
    expect(person.complaints.filter((line) => !/responded with a status of 4\d\d/.test(line))).toEqual([]);
    await person.context.close();
  };
  return { ...person, visit, conclude };
}
