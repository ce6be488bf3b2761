import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPerson, type Person } from './support/browser.ts';
import { linkOf, newAddress, readMail, signIn, waitForMail } from './support/journey.ts';
import { addPasskey, plugIn } from './support/passkeys.ts';
import { ageSessions, databaseOwner, type RunningWorker, startPlace } from './support/worker.ts';

let browser: Browser;
let worker: RunningWorker;
const owner = databaseOwner();

beforeAll(async () => {
  worker = await startPlace();
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await worker?.close();
});

/** Somebody on their account page whose proof is an hour old. */
async function stale(person: Person): Promise<string> {
  const address = newAddress();
  await signIn(person.page, worker.url, address);
  await ageSessions(owner, address);
  return address;
}

/** Begins a change that needs a new proof. */
async function createToken(page: Page): Promise<void> {
  await page.getByText('New token').click();
  await page.getByLabel('What it is for').fill('Backup');
  await page.getByLabel('Read the profile.').check();
  await page.getByRole('button', { name: 'Create token' }).click();
}

const askForMail = (page: Page) => page.getByRole('button', { name: 'Mail me a link and a code' }).click();
const sessionOf = async ({ context }: Person) =>
  (await context.cookies()).find(({ name }) => name === 'gatehouse_session')?.value;

describe('a change that matters, an hour after signing in', () => {
  it('asks for the passkey, by form and by script, and is then done', async () => {
    const person = await newPerson(browser, worker.url);
    const { page, context, complaints } = person;
    const device = await plugIn(page);
    const address = newAddress();
    await signIn(page, worker.url, address);
    await addPasskey(page, device);
    await ageSessions(owner, address);
    const before = await sessionOf(person);
    await page.getByRole('button', { name: 'Add a passkey' }).click();
    await page.waitForURL('**/step-up?redirect_url=/account');
    await device.attended(true);
    await page.getByRole('button', { name: 'Use a passkey' }).click();
    await page.waitForURL('**/account?done=confirmed');
    expect(await page.getByRole('status').innerText()).toBe('Confirmed. Now try again.');
    // A new proof is a new secret of the session (ASVS 7.2.4).
    expect(await sessionOf(person)).not.toBe(before);
    await createToken(page);
    await page.getByRole('heading', { name: 'Copy your new token' }).waitFor();
    await page.goto('/account');
    expect(await page.getByText('Confirmed that it was you').count()).toBe(1);
    expect(complaints.filter((line) => !/status of 403/.test(line))).toEqual([]);
    await context.close();
  });

  it('asks for a mail, whose link confirms in the browser that is signed in', async () => {
    const { page, context, complaints } = await newPerson(browser, worker.url);
    const address = await stale({ page, context, complaints });
    await createToken(page);
    await page.waitForURL('**/step-up?redirect_url=/account');
    await askForMail(page);
    await page.waitForURL('**/step-up/code?redirect_url=%2Faccount');
    await page.goto(linkOf(await waitForMail(worker.url, address, /^Confirm that it is you/)));
    expect(page.url()).toBe(`${worker.url}/step-up`);
    await page.getByRole('button', { name: 'It is me' }).click();
    await page.waitForURL('**/account?done=confirmed');
    await createToken(page);
    await page.getByRole('heading', { name: 'Copy your new token' }).waitFor();
    const devtools = await context.newCDPSession(page);
    const { entries } = await devtools.send('Page.getNavigationHistory');
    expect(entries.filter(({ url }) => url.includes('token='))).toEqual([]);
    expect(complaints).toEqual([]);
    await context.close();
  });

  it('asks for a mail, whose code confirms without JavaScript', async () => {
    const person = await newPerson(browser, worker.url);
    const address = await stale(person);
    const plain = await newPerson(browser, worker.url, { javaScriptEnabled: false });
    await plain.context.addCookies(await person.context.cookies());
    await plain.page.goto('/account');
    await createToken(plain.page);
    await plain.page.waitForURL('**/step-up?redirect_url=/account');
    await askForMail(plain.page);
    await plain.page.getByLabel('Six-digit code').fill((await mailedProof(address)).code);
    await plain.page.getByRole('button', { name: 'Confirm' }).click();
    await plain.page.waitForURL('**/account?done=confirmed');
    await createToken(plain.page);
    await plain.page.getByRole('heading', { name: 'Copy your new token' }).waitFor();
    expect(plain.complaints).toEqual([]);
    await person.context.close();
    await plain.context.close();
  });
});

describe('the link of a confirmation', () => {
  it('is worth nothing in a browser that is not signed in, and is not taken for one to sign in', async () => {
    const person = await newPerson(browser, worker.url);
    const address = await stale(person);
    await person.page.goto('/step-up');
    await askForMail(person.page);
    const { link } = await mailedProof(address);
    const other = await newPerson(browser, worker.url);
    await other.page.goto(link);
    await other.page.waitForURL('**/sign-in?**');
    expect(await other.page.getByRole('status').innerText()).toContain('open its link in the browser where you are');
    expect(await other.page.getByRole('button', { name: 'Mail me a link' }).isVisible()).toBe(true);
    expect(await other.page.getByRole('button', { name: 'Finish signing in' }).isVisible()).toBe(false);
    expect(other.page.url()).not.toContain('token');
    await person.context.close();
    await other.context.close();
  });

  it('opened where somebody else is signed in confirms nothing, and says where it belongs', async () => {
    const person = await newPerson(browser, worker.url);
    const address = await stale(person);
    await person.page.goto('/step-up');
    await askForMail(person.page);
    const { link } = await mailedProof(address);
    const other = await newPerson(browser, worker.url);
    await stale(other);
    await other.page.goto(link);
    await other.page.getByRole('button', { name: 'It is me' }).click();
    await other.page.getByRole('heading', { name: 'This link belongs to another browser' }).waitFor();
    await person.page.goto(link);
    await person.page.getByRole('button', { name: 'It is me' }).click();
    await person.page.waitForURL('**/account?done=confirmed');
    await person.context.close();
    await other.context.close();
  });
});

/** Link and code of the mail that confirms; the one of the sign-in came before it. */
async function mailedProof(address: string) {
  await waitForMail(worker.url, address, /^Confirm that it is you/);
  return readMail(worker.url, address);
}
