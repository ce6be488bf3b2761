import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser, newPerson, type Person } from './support/browser.ts';
import { newAddress, signIn } from './support/journey.ts';
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

/** The same person at two browsers. */
async function twoBrowsers(): Promise<[Person, Person]> {
  const address = newAddress();
  const people: Person[] = [];
  for (const { url } of places) {
    const person = await newPerson(browser, url);
    await signIn(person.page, url, address);
    people.push(person);
  }
  return people as [Person, Person];
}

const sessionsOf = ({ page }: Person) => page.getByRole('region', { name: 'Where you are signed in' });
const pathOf = ({ page }: Person) => new URL(page.url()).pathname;

describe('the list of sessions', () => {
  it('shows both browsers, and one that is signed out from the other is refused at its very next request', async () => {
    const [here, there] = await twoBrowsers();
    await here.page.reload();
    expect(await sessionsOf(here).getByRole('listitem').count()).toBe(2);
    expect(await sessionsOf(here).getByText('This one').count()).toBe(1);
    await sessionsOf(here)
      .getByRole('button', { name: /^Sign out Chrom/ })
      .click();
    await here.page.waitForURL('**/account?done=revoked');
    expect(await here.page.getByRole('status').innerText()).toBe('That session is signed out.');
    expect(await sessionsOf(here).getByRole('listitem').count()).toBe(1);
    await there.page.goto('/account');
    expect(pathOf(there)).toBe('/sign-in');
    expect(await there.page.getByRole('status').innerText()).toBe('Your session has ended. Sign in again.');
    // The browser stays one that is known: it is no credential.
    expect((await there.context.cookies()).map(({ name }) => name)).toEqual(['gatehouse_device']);
    await here.context.close();
    await there.context.close();
  });

  it('ends every other session at once, and a form that the other still shows changes nothing', async () => {
    const [here, there] = await twoBrowsers();
    await here.page.reload();
    await there.page.getByLabel('Name').fill('Written too late');
    await sessionsOf(here).getByRole('button', { name: 'Sign out everywhere else' }).click();
    await here.page.waitForURL('**/account?done=revoked_others');
    await there.page.getByRole('button', { name: 'Save' }).click();
    await there.page.waitForURL('**/sign-in**');
    await here.page.goto('/account');
    expect(await here.page.getByLabel('Name').inputValue()).toBe('');
    expect(await here.page.getByText('You are signed in nowhere else.').isVisible()).toBe(true);
    await here.context.close();
    await there.context.close();
  });

  it('treats a session that is already signed out as done', async () => {
    const [here, there] = await twoBrowsers();
    await here.page.reload();
    const second = await here.context.newPage();
    await second.goto('/account');
    for (const page of [here.page, second]) {
      await page.getByRole('button', { name: /^Sign out Chrom/ }).click();
      await page.waitForURL('**/account?done=revoked');
    }
    await here.context.close();
    await there.context.close();
  });
});

describe('the profile', () => {
  it('shows times in the zone that is chosen', async () => {
    const { page, context } = await newPerson(browser, places[0]?.url ?? '');
    await signIn(page, places[0]?.url ?? '', newAddress());
    const time = page.getByRole('region', { name: 'Recent activity' }).locator('time').first();
    const at = (await time.getAttribute('datetime')) ?? '';
    const shown = (timeZone: string) =>
      new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone }).format(new Date(at));
    expect(await time.innerText()).toBe(shown('UTC'));
    await page.getByLabel('Time zone').selectOption('Asia/Tokyo');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.waitForURL('**/account?done=profile');
    expect(await time.innerText()).toBe(shown('Asia/Tokyo'));
    await context.close();
  });

  it('keeps what was typed when a field is refused, and takes the focus there', async () => {
    const { page, context } = await newPerson(browser, places[0]?.url ?? '');
    await signIn(page, places[0]?.url ?? '', newAddress());
    await page.getByLabel('Position').fill('Engineer');
    await page.getByLabel('Phone').fill('call me');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('A phone number has').waitFor();
    const phone = page.getByLabel('Phone');
    expect(await phone.inputValue()).toBe('call me');
    expect(await phone.getAttribute('aria-invalid')).toBe('true');
    expect(await phone.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(await page.getByLabel('Position').inputValue()).toBe('Engineer');
    await page.goto('/account/profile');
    expect(new URL(page.url()).pathname).toBe('/account');
    expect(await page.getByLabel('Position').inputValue()).toBe('');
    await context.close();
  });
});
