import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPerson, type Person } from './support/browser.ts';
import { linkOf, newAddress, signIn, waitForMail } from './support/journey.ts';
import { addPasskey, plugIn } from './support/passkeys.ts';
import { type RunningWorker, startPlace } from './support/worker.ts';

/** Two Workers on one database, as two places of the world: mails to one address are limited, and limits are per place. */
let places: RunningWorker[];
let browser: Browser;

beforeAll(async () => {
  places = [await startPlace(), await startPlace()];
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  for (const place of places ?? []) await place.close();
});

interface Scene {
  readonly owner: Person;
  readonly thief: Person;
  readonly address: string;
  /** Of the mail that tells of the second browser. */
  readonly link: string;
}

/** An owner who is signed in, and somebody else who signs in to the same account from another browser. */
async function newScene(): Promise<Scene> {
  const [here, there] = places as [RunningWorker, RunningWorker];
  const address = newAddress();
  const owner = await newPerson(browser, here.url);
  await signIn(owner.page, here.url, address);
  const thief = await newPerson(browser, there.url);
  await signIn(thief.page, there.url, address);
  return { owner, thief, address, link: linkOf(await waitForMail(there.url, address, /^New sign-in to/)) };
}

async function closeAll(...people: Person[]): Promise<void> {
  for (const { context } of people) await context.close();
}

describe('the mail of a new device', () => {
  it('ends every session by one press, undoes what was added since, and a new sign-in works', async () => {
    const { owner, thief, address, link } = await newScene();
    const device = await plugIn(thief.page);
    await addPasskey(thief.page, device);
    const reader = await newPerson(browser, places[1]?.url ?? '');
    await reader.page.goto(link);
    expect(reader.page.url()).toBe(`${places[1]?.url}/not-me`);
    await reader.page.getByRole('group', { name: 'This will be undone' }).waitFor();
    const box = reader.page.getByRole('checkbox', { name: /^Passkey/ });
    expect(await box.isChecked()).toBe(false);
    await reader.page.getByText(/^Passkey.*, \d{1,2} \w+ \d{4}, \d\d:\d\d UTC$/).waitFor();
    await reader.page.getByRole('button', { name: 'End every session and undo' }).click();
    await reader.page.getByRole('heading', { name: 'Done' }).waitFor();
    expect(await reader.page.getByText('Undone:', { exact: true }).isVisible()).toBe(true);
    expect(
      await reader.page
        .getByRole('listitem')
        .filter({ hasText: /^Passkey/ })
        .count(),
    ).toBe(1);
    const focused = await reader.page.evaluate(() => document.activeElement?.textContent);
    expect(focused).toContain('Every session is ended');
    for (const { page } of [thief, owner]) {
      await page.goto('/account');
      expect(new URL(page.url()).pathname).toBe('/sign-in');
    }
    // The passkey that was added is gone as well.
    await device.attended(true);
    await thief.page.getByRole('button', { name: 'Sign in with a passkey' }).click();
    await thief.page.getByRole('alert').getByText('That passkey is not registered here.').waitFor();
    await reader.page.getByRole('link', { name: 'Sign in again' }).click();
    await reader.page.waitForURL('**/sign-in');
    // The spent mail leads to the same place.
    await reader.page.goto(link);
    await reader.page.getByText('This was reported already.').waitFor();
    expect(await reader.page.getByRole('button', { name: 'End every session and undo' }).isVisible()).toBe(false);
    await reader.page.getByRole('link', { name: 'Sign in', exact: true }).last().click();
    await reader.page.waitForURL('**/sign-in');
    const third = await startPlace();
    const back = await newPerson(browser, third.url);
    await signIn(back.page, third.url, address);
    expect(await back.page.getByText('“This was not me”: every session ended').count()).toBe(1);
    expect(reader.complaints).toEqual([]);
    await closeAll(owner, thief, reader, back);
    await third.close();
  });

  it('does nothing when it is opened, by a person or by a scanner', async () => {
    const { owner, thief, link } = await newScene();
    for (const method of ['GET', 'HEAD']) expect((await fetch(link, { method })).status).toBe(200);
    const scanner = await newPerson(browser, places[1]?.url ?? '');
    const changes: string[] = [];
    scanner.page.on('request', (request) => request.method() !== 'GET' && changes.push(request.url()));
    await scanner.page.goto(link, { waitUntil: 'networkidle' });
    // Its script asks what would be undone, which changes nothing.
    expect(changes.map((url) => new URL(url).pathname)).toEqual(['/trpc/auth.previewNotMe']);
    for (const { page } of [thief, owner]) {
      await page.goto('/account');
      expect(new URL(page.url()).pathname).toBe('/account');
    }
    await closeAll(owner, thief, scanner);
  });

  it('is not sent for the first browser of an account, nor for one that is known', async () => {
    const [here, there] = places as [RunningWorker, RunningWorker];
    const address = newAddress();
    const { page, context } = await newPerson(browser, here.url);
    await signIn(page, here.url, address);
    await page.getByRole('banner').getByRole('button', { name: 'Sign out' }).click();
    const device = (await context.cookies()).filter(({ name }) => name === 'gatehouse_device');
    const again = await newPerson(browser, there.url);
    await again.context.addCookies(device);
    await signIn(again.page, there.url, address);
    for (const { url } of [here, there]) {
      const { items } = (await (await fetch(`${url}/dev/mailbox.json?to=${address}`)).json()) as { items: unknown[] };
      expect(items).toHaveLength(1);
    }
    await context.close();
    await again.context.close();
  });
});

describe('the page of the mail', () => {
  it('opened without its link says what is missing, and with a made-up one refuses in words', async () => {
    const { page, context } = await newPerson(browser, places[0]?.url ?? '');
    await page.goto('/not-me');
    expect(await page.getByText('Open that link whole').isVisible()).toBe(true);
    expect(await page.getByRole('button').count()).toBe(0);
    // With a query: the same page with another fragment alone is not loaded anew.
    await page.goto(`/not-me?x#token=${'A'.repeat(43)}`);
    await page.getByRole('alert').getByText('The link is not valid, or too old.').waitFor();
    expect(await page.getByRole('button').count()).toBe(0);
    await context.close();
  });

  it('says without JavaScript that it needs it', async () => {
    const { page, context } = await newPerson(browser, places[0]?.url ?? '', { javaScriptEnabled: false });
    await page.goto(`/not-me#token=${'A'.repeat(43)}`);
    // A search by text passes over what stands in <noscript>.
    expect(await page.locator('noscript').isVisible()).toBe(true);
    expect(await page.locator('noscript').innerText()).toBe('It needs JavaScript, which is off.');
    expect(await page.getByRole('button').count()).toBe(0);
    await context.close();
  });
});

describe('signing in from a second browser', () => {
  it('is ended from the first, and refused at its very next click', async () => {
    const { owner, thief } = await newScene();
    await owner.page.reload();
    const sessions = owner.page.getByRole('region', { name: 'Where you are signed in' });
    await sessions.getByRole('button', { name: /^Sign out Chrom/ }).click();
    await owner.page.waitForURL('**/account?done=revoked');
    await thief.page.getByText('New token').click();
    await thief.page.getByLabel('What it is for').fill('Too late');
    await thief.page.getByLabel('Read the profile.').check();
    await thief.page.getByRole('button', { name: 'Create token' }).click();
    await thief.page.waitForURL('**/sign-in?**');
    expect(await thief.page.getByRole('status').innerText()).toBe('Your session has ended. Sign in again.');
    await closeAll(owner, thief);
  });
});
