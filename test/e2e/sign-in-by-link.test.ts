import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPerson } from './support/browser.ts';
import { askForMail, newAddress, readMail, typeCode } from './support/journey.ts';
import { sendUnseen } from './support/lost-answer.ts';
import { type RunningWorker, startPlace } from './support/worker.ts';

let browser: Browser;
let worker: RunningWorker;

beforeAll(async () => {
  worker = await startPlace();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await worker?.close();
});

const person = () => newPerson(browser, worker.url);

describe('signing in by link', () => {
  it('leads from the address to the account, and the secret stays neither in the address bar nor in the history', async () => {
    const { page, context, complaints } = await person();
    const address = newAddress();
    await askForMail(page, address);
    expect(await page.getByText('A mail is on its way').innerText()).toContain(address);
    const { link } = await readMail(worker.url, address);
    await page.goto(link);
    expect(page.url()).toBe(`${worker.url}/sign-in`);
    await page.getByRole('button', { name: 'Finish signing in' }).click();
    await page.waitForURL(`${worker.url}/account`);
    expect(await page.getByText(`Signed in as ${address}`).isVisible()).toBe(true);
    const devtools = await context.newCDPSession(page);
    const history = await devtools.send('Page.getNavigationHistory');
    expect(history.entries.filter(({ url }) => url.includes('token'))).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('takes a link that is opened while the page is already shown', async () => {
    const { page, context } = await person();
    const address = newAddress();
    await askForMail(page, address);
    const { link } = await readMail(worker.url, address);
    await page.goto('/sign-in');
    await page.evaluate((hash) => void (location.hash = hash), new URL(link).hash);
    await page.getByRole('button', { name: 'Finish signing in' }).click();
    await page.waitForURL(`${worker.url}/account`);
    await context.close();
  });

  it('refuses a link the second time, and offers the form again', async () => {
    const { page, context } = await person();
    const address = newAddress();
    await askForMail(page, address);
    const { link } = await readMail(worker.url, address);
    const cookies = await context.cookies();
    await page.goto(link);
    await page.getByRole('button', { name: 'Finish signing in' }).click();
    await page.waitForURL(`${worker.url}/account`);
    // The same browser in another tab, which still holds the proof that it asked.
    await context.addCookies(cookies);
    const tab = await context.newPage();
    await tab.goto(link);
    await tab.getByRole('button', { name: 'Finish signing in' }).click();
    await tab.getByText('The link was already used').waitFor();
    expect(await tab.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('alert');
    expect(await tab.getByLabel('E-mail address').isVisible()).toBe(true);
    await context.close();
  });

  it('works with the keyboard alone', async () => {
    const { page, context, complaints } = await person();
    const address = newAddress();
    await page.goto('/sign-in');
    await page.keyboard.type(address);
    await page.keyboard.press('Enter');
    await page.waitForURL('**/sign-in/code');
    await page.goto((await readMail(worker.url, address)).link);
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Finish signing in');
    await page.keyboard.press('Enter');
    await page.waitForURL(`${worker.url}/account`);
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Skip to the content');
    const outline = await page.evaluate(() => getComputedStyle(document.activeElement ?? document.body).outlineStyle);
    expect(outline).toBe('solid');
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.type('Grace Hopper');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/account?done=profile');
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Hello, Grace Hopper');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    expect(await page.evaluate(() => document.activeElement?.textContent?.trim())).toBe('Sign out');
    await page.keyboard.press('Enter');
    await page.waitForURL('**/sign-in?done=signed_out');
    expect(complaints).toEqual([]);
    await context.close();
  });
});

describe('a link that others open', () => {
  it('signs nobody in in another browser, says why, and its code still works where it was asked for', async () => {
    const asked = await person();
    const other = await person();
    const address = newAddress();
    await askForMail(asked.page, address);
    const { link, code } = await readMail(worker.url, address);
    await other.page.goto(link);
    await other.page.getByRole('button', { name: 'Finish signing in' }).click();
    await other.page.getByRole('heading', { name: 'This link belongs to another browser' }).waitFor();
    expect((await other.context.cookies()).map(({ name }) => name)).toEqual([]);
    await other.page.goto('/account');
    expect(new URL(other.page.url()).pathname).toBe('/sign-in');
    await typeCode(asked.page, code);
    await asked.page.waitForURL(`${worker.url}/account`);
    await asked.context.close();
    await other.context.close();
  });

  it('is not used up by a scanner that fetches it, nor by one that runs the page without pressing', async () => {
    const asked = await person();
    const scanner = await person();
    const address = newAddress();
    await askForMail(asked.page, address);
    const { link } = await readMail(worker.url, address);
    for (const method of ['GET', 'HEAD']) expect((await fetch(link, { method })).status).toBe(200);
    const changes: string[] = [];
    scanner.page.on('request', (request) => request.method() !== 'GET' && changes.push(request.url()));
    await scanner.page.goto(link, { waitUntil: 'networkidle' });
    expect(changes).toEqual([]);
    await asked.page.goto(link);
    await asked.page.getByRole('button', { name: 'Finish signing in' }).click();
    await asked.page.waitForURL(`${worker.url}/account`);
    await asked.context.close();
    await scanner.context.close();
  });
});

describe('an answer that is lost after the commit', () => {
  it('is asked for again by itself, and there is one session', async () => {
    const { page, context } = await person();
    const address = newAddress();
    await askForMail(page, address);
    const { link } = await readMail(worker.url, address);
    const answers: number[] = [];
    await page.route('**/trpc/auth.verifyMagicLink', async (route) => {
      if (answers.length > 0) return route.continue();
      answers.push(await sendUnseen(route));
      return route.abort('connectionreset');
    });
    await page.goto(link);
    await page.getByRole('button', { name: 'Finish signing in' }).click();
    await page.waitForURL(`${worker.url}/account`);
    expect(answers).toEqual([200]);
    expect(await page.getByRole('region', { name: 'Where you are signed in' }).getByRole('listitem').count()).toBe(1);
    expect(await page.getByRole('region', { name: 'Recent activity' }).getByRole('listitem').count()).toBe(1);
    await context.close();
  });

  it('can be asked for again by pressing again, when the connection stays away longer', async () => {
    const { page, context } = await person();
    const address = newAddress();
    await askForMail(page, address);
    const { link } = await readMail(worker.url, address);
    let isDown = true;
    const answers: number[] = [];
    await page.route('**/trpc/auth.verifyMagicLink', async (route) => {
      if (!isDown) return route.continue();
      answers.push(await sendUnseen(route));
      return route.abort('connectionreset');
    });
    await page.goto(link);
    await page.getByRole('button', { name: 'Finish signing in' }).click();
    await page.getByText('The service could not be reached').waitFor();
    expect(answers).toEqual([200, 200]);
    isDown = false;
    await page.getByRole('button', { name: 'Finish signing in' }).click();
    await page.waitForURL(`${worker.url}/account`);
    expect(await page.getByRole('region', { name: 'Where you are signed in' }).getByRole('listitem').count()).toBe(1);
    await context.close();
  });
});
