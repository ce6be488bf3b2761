import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPerson } from './support/browser.ts';
import { newAddress, readMail, signIn, waitForMail } from './support/journey.ts';
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

async function signedIn() {
  const person = await newPerson(browser, worker.url);
  const address = newAddress();
  await signIn(person.page, worker.url, address);
  return { ...person, address };
}

const use = async (token: string) => {
  const response = await fetch(`${worker.url}/v1/auth/session`, { headers: { authorization: `Bearer ${token}` } });
  const body = (await response.json()) as { email?: string; error?: { code: string } };
  return [response.status, body.email ?? body.error?.code];
};

async function createToken(page: Page): Promise<string> {
  await page.getByText('New token').click();
  await page.getByLabel('What it is for').fill('Backup');
  await page.getByLabel('Read the profile.').check();
  await page.getByRole('button', { name: 'Create token' }).click();
  return page.getByLabel('Token', { exact: true }).inputValue();
}

describe('an API token', () => {
  it('is made, copied, used by a program, replaced and revoked', async () => {
    const { page, context, complaints, address } = await signedIn();
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: worker.url });
    const token = await createToken(page);
    await page.getByRole('button', { name: 'Copy' }).click();
    await page.getByRole('status').getByText('Copied.').waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(token);
    expect(await use(token)).toEqual([200, address]);
    await page.getByRole('link', { name: 'Back to your account' }).click();
    await page.waitForURL('**/account#tokens');
    const list = page.getByRole('region', { name: 'API tokens' });
    expect(await list.getByRole('listitem').innerText()).toContain(token.slice(0, 8));
    expect((await page.content()).includes(token)).toBe(false);
    await list.getByText('Rotate or revoke').click();
    await list.getByLabel('The old one works on for').selectOption('no time at all');
    await list.getByRole('button', { name: 'Rotate Backup' }).click();
    const next = await page.getByLabel('Token', { exact: true }).inputValue();
    expect(await use(token)).toEqual([401, 'token.expired']);
    expect(await use(next)).toEqual([200, address]);
    await page.goto('/account');
    await list.getByText('Rotate or revoke').click();
    await list.getByRole('button', { name: 'Revoke Backup' }).click();
    await page.waitForURL('**/account?done=token_revoked');
    expect(await use(next)).toEqual([401, 'token.revoked']);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('stays the same one when its page is loaded anew', async () => {
    const { page, context } = await signedIn();
    const token = await createToken(page);
    await page.reload();
    expect(await page.getByLabel('Token', { exact: true }).inputValue()).toBe(token);
    await page.goto('/account');
    expect(await page.getByRole('region', { name: 'API tokens' }).getByRole('listitem').count()).toBe(1);
    await context.close();
  });
});

describe('the address of an account', () => {
  const ask = async (page: Page, address: string) => {
    await page.getByLabel('New address').fill(address);
    await page.getByRole('button', { name: 'Change address' }).click();
    await page.waitForURL('**/account/email');
  };

  it('is changed by the link of the mail to the new one, and the old one is told', async () => {
    const { page, context, complaints, address } = await signedIn();
    const next = newAddress();
    await ask(page, next);
    // The address stays in the tab: no cookie, no address bar.
    expect(await page.getByText('A mail is on its way').innerText()).toContain(next);
    await page.goto((await readMail(worker.url, next)).link);
    await page.getByRole('button', { name: 'Use this address' }).waitFor();
    // Only the fragment changed, which the page learns of a moment later.
    await expect.poll(() => page.url()).toBe(`${worker.url}/account/email`);
    await page.getByText("One press, and the address that got the mail is your account's.").waitFor();
    await page.getByRole('button', { name: 'Use this address' }).click();
    await page.waitForURL('**/account?done=email');
    expect(await page.getByText(`Signed in as ${next}`).isVisible()).toBe(true);
    const told = await waitForMail(worker.url, address, /^New address for/);
    expect(told).not.toContain(next);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('is changed by its code, and stays until then', async () => {
    const { page, context, address } = await signedIn();
    const next = newAddress();
    await ask(page, next);
    const { code } = await readMail(worker.url, next);
    const other = await context.newPage();
    await other.goto('/account');
    expect(await other.getByText(`Signed in as ${address}`).isVisible()).toBe(true);
    await page.getByLabel('Six-digit code').fill(code);
    await page.getByRole('button', { name: 'Use this address' }).click();
    await page.waitForURL('**/account?done=email');
    expect(await page.getByText(`Signed in as ${next}`).isVisible()).toBe(true);
    await context.close();
  });

  it('is not changed by the link in another browser', async () => {
    const { page, context } = await signedIn();
    const other = await signedIn();
    const next = newAddress();
    await ask(page, next);
    const { link } = await readMail(worker.url, next);
    await other.page.goto(link);
    await other.page.getByRole('button', { name: 'Use this address' }).click();
    await other.page.getByRole('heading', { name: 'This link belongs to another browser' }).waitFor();
    await other.page.goto('/account');
    expect(await other.page.getByText(`Signed in as ${other.address}`).isVisible()).toBe(true);
    await context.close();
    await other.context.close();
  });
});
