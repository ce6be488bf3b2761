import { mkdirSync } from 'node:fs';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBarriers } from './support/accessibility.ts';
import { launchBrowser, newPerson } from './support/browser.ts';
import { askForMail, newAddress, readMail, typeCode } from './support/journey.ts';
import { type RunningWorker, startPlace } from './support/worker.ts';

const pictures = 'artifacts/pages';

let browser: Browser;
let worker: RunningWorker;

beforeAll(async () => {
  mkdirSync(pictures, { recursive: true });
  worker = await startPlace();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await worker?.close();
});

const looks: [string, BrowserContextOptions][] = [
  ['light', { colorScheme: 'light', viewport: { width: 1280, height: 800 } }],
  ['dark', { colorScheme: 'dark', viewport: { width: 1280, height: 800 } }],
  ['narrow', { colorScheme: 'light', viewport: { width: 320, height: 640 } }],
];

describe.each(looks)('every page, %s', (look, options) => {
  it('keeps nobody out and offends no content policy', async () => {
    const { page, context, complaints } = await newPerson(browser, worker.url, {
      ...options,
      extraHTTPHeaders: undefined,
    });
    await context.setExtraHTTPHeaders({
      'cf-connecting-ip': `2001:db8:${look.length}:${looks.findIndex(([name]) => name === look)}::1`,
    });
    const barriers: Record<string, string[]> = {};
    const visit = async (name: string) => {
      barriers[name] = await findBarriers(page);
      await page.screenshot({ path: `${pictures}/${look}-${name}.png`, fullPage: true });
    };
    const address = newAddress();
    await page.goto('/sign-in');
    await visit('sign-in');
    await page.getByLabel('E-mail address').fill('ada@localhost');
    await page.getByRole('button', { name: 'Mail me a link' }).click();
    await page.getByText('That is not an e-mail address').waitFor();
    await visit('sign-in-refused');
    await askForMail(page, address);
    await visit('code');
    const { code, link } = await readMail(worker.url, address);
    await typeCode(page, code === '000000' ? '111111' : '000000');
    await page.getByText('That code is not right').waitFor();
    await visit('code-refused');
    await page.goto(link);
    await visit('link');
    await page.getByRole('button', { name: 'Finish signing in' }).click();
    await page.waitForURL('**/account');
    await visit('account');
    await page.getByLabel('Name').fill('A name as long as people have them, and then some more of it-'.repeat(4));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**/account?done=profile');
    await visit('account-saved');
    await page.getByLabel('Phone').fill('call me');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('A phone number has').waitFor();
    await visit('account-refused');
    await page.goto('/dev/mailbox');
    await visit('mailbox');
    await page.goto('/nothing');
    await visit('not-found');
    await page.goto('/sign-in?done=session_ended');
    await visit('session-ended');
    expect(Object.entries(barriers).filter(([, found]) => found.length > 0)).toEqual([]);
    // A refused form is a page with a 4xx status, which Chromium notes.
    expect(complaints.filter((line) => !/responded with a status of 4\d\d/.test(line))).toEqual([]);
    await context.close();
  });
});

describe('the checks themselves', () => {
  it('see a policy violation, a missing label, a second heading and pale text', async () => {
    const { page, context, complaints } = await newPerson(browser, worker.url);
    await page.goto('/sign-in');
    await page
      .evaluate(() => {
        const script = document.createElement('script');
        script.src = 'https://evil.example/x.js';
        document.head.appendChild(script);
      })
      .catch(() => undefined);
    await page.evaluate(() => {
      const image = new Image();
      image.src = 'https://evil.example/x.png';
      document.querySelector('label')?.remove();
      document.querySelector('main')?.appendChild(document.createElement('h1'));
      document.querySelector('main')?.appendChild(document.createTextNode('pale'));
      document.querySelector('main')?.style.setProperty('color', '#ccc');
    });
    const barriers = (await findBarriers(page)).join(' ');
    expect(barriers).toContain('The field "email" has no label.');
    expect(barriers).toContain('2 headings of level 1');
    expect(barriers).toMatch(/"pale" has a contrast of 1\.\d\d/);
    expect(complaints.join(' ')).toContain('Content Security Policy');
    await context.close();
  });
});
