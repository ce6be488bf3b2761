import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPerson } from './support/browser.ts';
import { askForMail, newAddress, readMail, typeCode } from './support/journey.ts';
import { type RunningWorker, startPlace } from './support/worker.ts';

let browser: Browser;
let worker: RunningWorker;
let trusted: Server;
let trustedUrl: string;

beforeAll(async () => {
  trusted = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<h1>Welcome</h1>'));
  await new Promise<void>((done) => trusted.listen(0, '127.0.0.1', done));
  trustedUrl = `http://127.0.0.1:${(trusted.address() as AddressInfo).port}`;
  worker = await startPlace({ TRUSTED_ORIGINS: trustedUrl });
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await worker?.close();
  trusted?.close();
});

const person = (options = {}) => newPerson(browser, worker.url, options);

describe('signing in by code', () => {
  it('works without JavaScript, and so does the account', async () => {
    const { page, context, complaints } = await person({ javaScriptEnabled: false });
    const address = newAddress();
    await askForMail(page, address);
    const { code } = await readMail(worker.url, address);
    // As mail programs show and copy it.
    await typeCode(page, `${code.slice(0, 3)} ${code.slice(3)}`);
    await page.waitForURL(`${worker.url}/account`);
    await page.getByLabel('Name').fill('Mary <b>Somerville</b>');
    await page.getByLabel('About you').fill('One line\nand another');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**/account?done=profile');
    expect(await page.getByRole('status').innerText()).toBe('Your profile is saved.');
    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Hello, Mary <b>Somerville</b>');
    expect(await page.getByLabel('About you').inputValue()).toBe('One line\nand another');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in?done=signed_out');
    expect(await page.getByRole('status').innerText()).toBe('You are signed out.');
    await page.goto('/account');
    expect(new URL(page.url()).pathname).toBe('/sign-in');
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('counts wrong codes in words, and after the third none works', async () => {
    const { page, context } = await person({ javaScriptEnabled: false });
    const address = newAddress();
    await askForMail(page, address);
    const { code } = await readMail(worker.url, address);
    const wrong = code === '000000' ? '111111' : '000000';
    for (const words of ['2 tries are left', 'One try is left', 'the last try']) {
      await typeCode(page, wrong);
      await page.getByRole('alert').getByText(words).waitFor();
      expect(await page.getByLabel('Six-digit code').getAttribute('aria-invalid')).toBe('true');
    }
    // Three tries in ten seconds are also what a network has.
    await typeCode(page, code);
    await page
      .getByRole('alert')
      .getByText(/Too many (attempts|wrong codes)/)
      .waitFor();
    expect(await context.cookies()).not.toContainEqual(expect.objectContaining({ name: 'gatehouse_session' }));
    await context.close();
  });

  it('goes on to an address of a trusted origin, and to no other', async () => {
    const { page, context, complaints } = await person();
    const address = newAddress();
    await askForMail(page, address, `?redirect_url=${encodeURIComponent(`${trustedUrl}/welcome?to=you`)}`);
    await typeCode(page, (await readMail(worker.url, address)).code);
    await page.waitForURL(`${trustedUrl}/welcome?to=you`);
    const another = newAddress();
    await context.clearCookies();
    await askForMail(page, another, `?redirect_url=${encodeURIComponent('https://evil.example/')}`);
    await typeCode(page, (await readMail(worker.url, another)).code);
    await page.waitForURL(`${worker.url}/account`);
    expect(complaints.filter((line) => !line.includes('favicon'))).toEqual([]);
    await context.close();
  });
});

describe('asking for a mail', () => {
  it('says what is wrong with an address beside the field, and when to try again after too many', async () => {
    const { page, context } = await person();
    await page.goto('/sign-in');
    await page.getByLabel('E-mail address').fill('ada@localhost');
    await page.getByRole('button', { name: 'Mail me a link' }).click();
    await page.getByText('That is not an e-mail address').waitFor();
    const field = page.getByLabel('E-mail address');
    expect(await field.getAttribute('aria-invalid')).toBe('true');
    expect(await field.inputValue()).toBe('ada@localhost');
    expect(await field.evaluate((element) => element === document.activeElement)).toBe(true);
    const address = newAddress();
    await askForMail(page, address);
    await page.goto('/sign-in');
    await page.getByLabel('E-mail address').fill(address);
    await page.getByRole('button', { name: 'Mail me a link' }).click();
    const alert = page.getByRole('alert');
    await alert.getByText(/Try again in \d+ seconds/).waitFor();
    expect(await alert.evaluate((element) => element === document.activeElement)).toBe(true);
    await context.close();
  });

  it('from one form for two addresses makes two links, though the form is the same', async () => {
    const { page, context } = await person();
    const [first, second] = [newAddress(), newAddress()];
    await page.goto('/sign-in');
    const nonce = await page.locator('form[data-ask] input[name=nonce]').inputValue();
    const post = (email: string) =>
      page.request.post('/sign-in', { form: { email, nonce }, headers: { origin: worker.url }, maxRedirects: 0 });
    expect((await post(first)).status()).toBe(303);
    expect((await post(second)).status()).toBe(303);
    const [one, other] = [await readMail(worker.url, first), await readMail(worker.url, second)];
    expect(one.link).not.toBe(other.link);
    await context.close();
  });
});
